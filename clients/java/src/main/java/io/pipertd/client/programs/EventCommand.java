package io.pipertd.client.programs;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.grpc.StatusException;
import io.pipertd.v1.EventAnswer;
import io.pipertd.v1.EventServiceGrpc;
import io.pipertd.v1.NotifyEventRequest;
import io.pipertd.v1.Target;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(name = "event", description = "Hand an event to routines, and print their answers.")
final class EventCommand implements Callable<Integer> {
    private static final long PATIENCE_S = 60;

    @ParentCommand
    private Example example;

    @Parameters(index = "0", paramLabel = "NAME", description = "The event's name.")
    private String name;

    @Parameters(index = "1", paramLabel = "TARGET", converter = Targets.class)
    private Target target;

    @Parameters(index = "2..*", paramLabel = "KEY=VALUE", description = "A value is JSON, or else text.")
    private Map<String, String> parameters = new LinkedHashMap<>();

    @Override
    public Integer call() throws StatusException {
        var request = NotifyEventRequest.newBuilder()
                .setEvent(name)
                .setTarget(target)
                .setParams(EventParameters.read(parameters))
                .build();
        try (var connection = example.connect()) {
            var stub = EventServiceGrpc.newBlockingV2Stub(connection.channel()).withDeadlineAfter(PATIENCE_S, SECONDS);
            var answers = stub.notifyEvent(request).getAnswersList();
            answers.forEach(answer -> Terminal.print(line(answer)));
            return answers.stream().anyMatch(EventAnswer::hasError) ? 1 : 0;
        }
    }

    private static String line(EventAnswer answer) {
        var outcome = answer.hasError() ? "error: " + answer.getError() : PythonJson.show(answer.getValue());
        return Harmless.setOff("%s/%s: %s".formatted(answer.getFlow(), answer.getRoutine(), outcome));
    }
}

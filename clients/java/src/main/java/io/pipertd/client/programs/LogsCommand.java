package io.pipertd.client.programs;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.pipertd.client.Feed;
import io.pipertd.v1.LogRecord;
import io.pipertd.v1.LogServiceGrpc;
import io.pipertd.v1.LogServiceGrpc.LogServiceBlockingV2Stub;
import io.pipertd.v1.ReadLogsRequest;
import io.pipertd.v1.ReadLogsResponse;
import io.pipertd.v1.Target;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(name = "logs", description = "Show what flows and the daemon logged, and what code printed.")
final class LogsCommand implements Callable<Integer> {
    @ParentCommand
    private Example example;

    @Parameters(arity = "0..1", paramLabel = "TARGET", converter = Targets.class)
    private Target target;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on as new records come.")
    private boolean follow;

    @Option(
            names = "--level",
            paramLabel = "LEVEL",
            defaultValue = "DEBUG",
            description = "The lowest that is shown: ${COMPLETION-CANDIDATES}.")
    private Level level;

    @Option(names = "-n", paramLabel = "N", defaultValue = "100", description = "How many of the newest to begin with.")
    private int number;

    @Override
    public Integer call() throws StatusException, InterruptedException {
        var request = ReadLogsRequest.newBuilder()
                .setLevel(level.lowest())
                .setLimit(number)
                .setFollow(follow);
        if (target != null) {
            request.setTarget(target);
        }
        try (var connection = example.connect()) {
            var records = new Records(LogServiceGrpc.newBlockingV2Stub(connection.channel()), request);
            if (follow) {
                Following.follow(connection, records);
            } else {
                records.readAll();
            }
        }
        return 0;
    }

    /** Knows in its request the cursor of the last record that it saw, also of records that were not wanted. */
    private record Records(LogServiceBlockingV2Stub stub, ReadLogsRequest.Builder request)
            implements Feed<ReadLogsResponse> {
        @Override
        public BlockingClientCall<?, ReadLogsResponse> ask() {
            return stub.readLogs(request.build());
        }

        @Override
        public void read(ReadLogsResponse answer) {
            switch (answer.getContentCase()) {
                case RECORD -> {
                    var record = answer.getRecord();
                    Terminal.print(line(record));
                    request.setCursor(record.getCursor());
                }
                case PROGRESS -> request.setCursor(answer.getProgress().getCursor());
                case CONTENT_NOT_SET -> {} // of a newer daemon
            }
        }
    }

    private static String line(LogRecord record) {
        var level = record.getSource().equals("log") ? Level.show(record.getLevel()) : "-";
        var text = "%s %-8s %s: %s".formatted(Clock.show(record.getTime()), level, who(record), record.getMessage());
        var below = record.getException().stripTrailing();
        return Harmless.setOff(below.isEmpty() ? text : text + "\n" + below);
    }

    private static String who(LogRecord record) {
        var flow = Stream.of(record.getPipeline(), record.getFlow(), record.getRoutine())
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining("/"));
        return flow.isEmpty() ? "pipertd" : flow;
    }
}

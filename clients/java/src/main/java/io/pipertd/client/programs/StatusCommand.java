package io.pipertd.client.programs;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.grpc.StatusException;
import io.pipertd.v1.Flow;
import io.pipertd.v1.GetStatusRequest;
import io.pipertd.v1.Link;
import io.pipertd.v1.Pipeline;
import io.pipertd.v1.StatusServiceGrpc;
import io.pipertd.v1.Target;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(name = "status", description = "Show flows, and the links between them.")
final class StatusCommand implements Callable<Integer> {
    private static final long PATIENCE_S = 60;

    @ParentCommand
    private Example example;

    @Parameters(arity = "0..1", paramLabel = "TARGET", converter = Targets.class)
    private Target target;

    @Override
    public Integer call() throws StatusException {
        var request = GetStatusRequest.newBuilder();
        if (target != null) {
            request.setTarget(target);
        }
        try (var connection = example.connect()) {
            var stub = StatusServiceGrpc.newBlockingV2Stub(connection.channel()).withDeadlineAfter(PATIENCE_S, SECONDS);
            var pipelines = stub.getStatus(request.build()).getPipelinesList();
            flows(pipelines).lines().forEach(Terminal::print);
            Terminal.print("");
            links(pipelines).lines().forEach(Terminal::print);
        }
        return 0;
    }

    private static TextTable flows(List<Pipeline> pipelines) {
        var table = new TextTable("FLOW", "STATE", "PID", "GENERATION", "RESTARTS");
        for (Pipeline pipeline : pipelines) {
            for (Flow flow : pipeline.getFlowsList()) {
                table.add(
                        pipeline.getName() + "/" + flow.getName(),
                        flow.getState().name().substring("STATE_".length()),
                        flow.getPid() == 0 ? "-" : flow.getPid(),
                        flow.getGeneration(),
                        flow.getRestarts());
            }
        }
        return table;
    }

    private static TextTable links(List<Pipeline> pipelines) {
        var table = new TextTable("LINK", "PRODUCED", "DELIVERED", "FAILED", "DROPPED", "QUARANTINED", "IN FLIGHT");
        for (Pipeline pipeline : pipelines) {
            for (Link link : pipeline.getLinksList()) {
                table.add(
                        "%s: %s -> %s".formatted(pipeline.getName(), link.getSource(), link.getDestination()),
                        link.getProduced(),
                        link.getDelivered(),
                        link.getFailed(),
                        link.getDroppedMap().values().stream()
                                .mapToLong(Long::longValue)
                                .sum(),
                        link.getQuarantined(),
                        link.getWaiting() + link.getInHand());
            }
        }
        return table;
    }
}

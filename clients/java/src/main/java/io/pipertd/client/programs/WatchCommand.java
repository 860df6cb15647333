package io.pipertd.client.programs;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.pipertd.client.Feed;
import io.pipertd.v1.Notice;
import io.pipertd.v1.StatusServiceGrpc;
import io.pipertd.v1.StatusServiceGrpc.StatusServiceBlockingV2Stub;
import io.pipertd.v1.Target;
import io.pipertd.v1.WatchNoticesRequest;
import io.pipertd.v1.WatchNoticesResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

@Command(name = "watch", description = "Show notices as they happen, until interrupted.")
final class WatchCommand implements Callable<Integer> {
    @ParentCommand
    private Example example;

    @Parameters(arity = "0..1", paramLabel = "TARGET", converter = Targets.class)
    private Target target;

    @Option(names = "--from", paramLabel = "REVISION", description = "Begin with this one; else only what is new.")
    private Long from;

    @Override
    public Integer call() throws StatusException, InterruptedException {
        var request = WatchNoticesRequest.newBuilder().setAfterRevision(from == null ? -1 : from - 1);
        if (target != null) {
            request.setTarget(target);
        }
        try (var connection = example.connect()) {
            var stub = StatusServiceGrpc.newBlockingV2Stub(connection.channel());
            Following.follow(connection, new Notices(stub, request));
        }
        return 0;
    }

    /** Knows in its request the last revision that it saw, also of notices about other targets. */
    private record Notices(StatusServiceBlockingV2Stub stub, WatchNoticesRequest.Builder request)
            implements Feed<WatchNoticesResponse> {
        @Override
        public BlockingClientCall<?, WatchNoticesResponse> ask() {
            return stub.watchNotices(request.build());
        }

        @Override
        public void read(WatchNoticesResponse answer) {
            switch (answer.getContentCase()) {
                case NOTICE -> {
                    var notice = answer.getNotice();
                    Terminal.print(line(notice));
                    request.setAfterRevision(notice.getRevision()).setEpoch(notice.getEpoch());
                }
                case PROGRESS -> {
                    var progress = answer.getProgress();
                    request.setAfterRevision(progress.getRevision()).setEpoch(progress.getEpoch());
                }
                case CONTENT_NOT_SET -> {} // of a newer daemon
            }
        }
    }

    private static String line(Notice notice) {
        var told = Harmless.setOff(notice.getKind() + ": " + notice.getMessage());
        return "%6d %s %s".formatted(notice.getRevision(), Clock.show(notice.getTime()), told);
    }
}

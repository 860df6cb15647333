package io.pipertd.client.programs;

import static java.util.stream.Collectors.joining;

import com.google.protobuf.Duration;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.grpc.Channel;
import io.grpc.StatusException;
import io.pipertd.client.Refusal;
import io.pipertd.v1.CheckDefinitionsRequest;
import io.pipertd.v1.DefinitionFile;
import io.pipertd.v1.DropMessageRequest;
import io.pipertd.v1.EventParameter;
import io.pipertd.v1.EventServiceGrpc;
import io.pipertd.v1.Flow;
import io.pipertd.v1.GetDaemonRequest;
import io.pipertd.v1.GetMessageRequest;
import io.pipertd.v1.GetPipelineRequest;
import io.pipertd.v1.GetStatusRequest;
import io.pipertd.v1.KillPipelineRequest;
import io.pipertd.v1.LinkRequest;
import io.pipertd.v1.ListHandlersRequest;
import io.pipertd.v1.ListMessagesRequest;
import io.pipertd.v1.ListPipelinesRequest;
import io.pipertd.v1.LogServiceGrpc;
import io.pipertd.v1.NotifyEventRequest;
import io.pipertd.v1.PausePipelineRequest;
import io.pipertd.v1.Pipeline;
import io.pipertd.v1.PipelineServiceGrpc;
import io.pipertd.v1.PlanAction;
import io.pipertd.v1.PlanReloadRequest;
import io.pipertd.v1.QuarantineServiceGrpc;
import io.pipertd.v1.ReadLogsRequest;
import io.pipertd.v1.ReadPayloadRequest;
import io.pipertd.v1.ReloadRequest;
import io.pipertd.v1.RestartPipelineRequest;
import io.pipertd.v1.ResumePipelineRequest;
import io.pipertd.v1.StartPipelineRequest;
import io.pipertd.v1.State;
import io.pipertd.v1.StatusServiceGrpc;
import io.pipertd.v1.StopPipelineRequest;
import io.pipertd.v1.TapFormat;
import io.pipertd.v1.TapLinkRequest;
import io.pipertd.v1.TapServiceGrpc;
import io.pipertd.v1.TapStart;
import io.pipertd.v1.Target;
import io.pipertd.v1.UnlinkRequest;
import io.pipertd.v1.WatchNoticesRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The program {@code calls}: makes every call of the API once; docs/api.md shows its methods, so each stands alone. */
@Command(name = "calls", description = "Make every call of a daemon's API once.", mixinStandardHelpOptions = true)
final class Calls implements Callable<Integer> {
    @Mixin
    private DaemonOptions daemon;

    static String listPipelines(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var response = stub.listPipelines(ListPipelinesRequest.getDefaultInstance());
        return response.getPipelinesList().stream().map(Pipeline::getName).collect(joining(", "));
    }

    static String getPipeline(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var request = GetPipelineRequest.newBuilder().setName("street").build();
        var street = stub.getPipeline(request).getPipeline();
        var flows = street.getFlowsList().stream().map(Flow::getName).collect(joining(", "));
        return "%s is %s, its flows are %s".formatted(street.getName(), word(street.getState()), flows);
    }

    static String pausePipeline(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var target = Target.newBuilder().setPipeline("street").setFlow("archive");
        var request = PausePipelineRequest.newBuilder().setTarget(target).build();
        var street = stub.pausePipeline(request).getPipeline();
        var paused = street.getFlowsList().stream().filter(Flow::getPaused).map(Flow::getName);
        return "paused: " + paused.collect(joining(", "));
    }

    static String resumePipeline(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var target = Target.newBuilder().setPipeline("street").setFlow("archive");
        var request = ResumePipelineRequest.newBuilder().setTarget(target).build();
        var street = stub.resumePipeline(request).getPipeline();
        var paused = street.getFlowsList().stream()
                .filter(Flow::getPaused)
                .map(Flow::getName)
                .toList();
        return "paused: " + (paused.isEmpty() ? "none" : String.join(", ", paused));
    }

    static String restartPipeline(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var target = Target.newBuilder().setPipeline("street").setFlow("archive");
        var request = RestartPipelineRequest.newBuilder().setTarget(target).build();
        var response = stub.restartPipeline(request);
        return "%s/archive was restarted".formatted(response.getPipeline().getName());
    }

    static String killPipeline(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var target = Target.newBuilder().setPipeline("street").setFlow("archive");
        var request = KillPipelineRequest.newBuilder().setTarget(target).build();
        var street = stub.killPipeline(request).getPipeline();
        return "archive " + archive(street).getReason();
    }

    static String stopPipeline(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var target = Target.newBuilder().setPipeline("street").setFlow("archive");
        var request = StopPipelineRequest.newBuilder().setTarget(target).build();
        var street = stub.stopPipeline(request).getPipeline();
        return "archive is " + word(archive(street).getState());
    }

    static String startPipeline(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var target = Target.newBuilder().setPipeline("street").setFlow("archive");
        var request = StartPipelineRequest.newBuilder().setTarget(target).build();
        var response = stub.startPipeline(request);
        return "%s/archive is up".formatted(response.getPipeline().getName());
    }

    static String checkDefinitions(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var file = DefinitionFile.newBuilder().setName("yard.yaml").setText("pipeline: yard\nflows: {}\n");
        var request = CheckDefinitionsRequest.newBuilder().addFiles(file).build();
        return stub.checkDefinitions(request).getProblemsList().stream()
                .map(problem -> "%s:%d:%d: %s"
                        .formatted(problem.getFile(), problem.getLine(), problem.getColumn(), problem.getText()))
                .collect(joining("; "));
    }

    static String planReload(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var wouldBeDone = stub.planReload(PlanReloadRequest.getDefaultInstance());
        return wouldBeDone.getPlansList().stream()
                .map(plan -> plan.getPipeline() + ": " + word(plan.getAction()))
                .collect(joining(", "));
    }

    static String reload(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var done = stub.reload(ReloadRequest.getDefaultInstance());
        if (done.getProblemsCount() > 0) {
            return "nothing was changed, for %d problems".formatted(done.getProblemsCount());
        }
        return done.getPlansList().stream()
                .map(plan -> plan.getPipeline() + ": " + word(plan.getAction()))
                .collect(joining(", "));
    }

    static String link(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var request = LinkRequest.newBuilder()
                .setPipeline("street")
                .setSource("motion")
                .setDestination("frames")
                .setPolicy("drop_oldest")
                .setDepth(1);
        return stub.link(request.build()).getPlan().getFlowsList().stream()
                .map(flow -> flow.getFlow() + ": " + word(flow.getAction()))
                .collect(joining(", "));
    }

    static String unlink(Channel channel) throws StatusException {
        var stub = PipelineServiceGrpc.newBlockingV2Stub(channel);
        var request = UnlinkRequest.newBuilder()
                .setPipeline("street")
                .setSource("motion")
                .setDestination("frames");
        return stub.unlink(request.build()).getPlan().getFlowsList().stream()
                .map(flow -> flow.getFlow() + ": " + word(flow.getAction()))
                .collect(joining(", "));
    }

    static String notifyEvent(Channel channel) throws StatusException {
        var stub = EventServiceGrpc.newBlockingV2Stub(channel);
        var pixels = Value.newBuilder().setNumberValue(800).build();
        var request = NotifyEventRequest.newBuilder()
                .setEvent("SET_MIN_AREA")
                .setTarget(Target.newBuilder().setPipeline("street"))
                .setParams(Struct.newBuilder().putFields("pixels", pixels))
                .setTimeout(Duration.newBuilder().setSeconds(30));
        return stub.notifyEvent(request.build()).getAnswersList().stream()
                .map(each -> "%s/%s: %s"
                        .formatted(each.getFlow(), each.getRoutine(), each.hasError() ? each.getError() : "set"))
                .collect(joining(", "));
    }

    static String listHandlers(Channel channel) throws StatusException {
        var stub = EventServiceGrpc.newBlockingV2Stub(channel);
        var target = Target.newBuilder().setPipeline("street").setFlow("analyse");
        var request = ListHandlersRequest.newBuilder().setTarget(target).build();
        return stub.listHandlers(request).getHandlersList().stream()
                .map(handler -> handler.getParametersList().stream()
                        .map(EventParameter::getName)
                        .collect(joining(", ", handler.getEvent() + "(", ")")))
                .collect(joining(", "));
    }

    static String readLogs(Channel channel) throws StatusException, InterruptedException {
        var target = Target.newBuilder().setPipeline("poison").setFlow("b");
        var request =
                ReadLogsRequest.newBuilder().setTarget(target).setLevel(30).setLimit(1);
        var call = LogServiceGrpc.newBlockingV2Stub(channel).readLogs(request.build());
        var lines = new ArrayList<String>();
        for (var response = call.read(); response != null; response = call.read()) {
            var record = response.getRecord();
            lines.add("%s/%s: %s".formatted(record.getFlow(), record.getRoutine(), record.getMessage()));
        }
        return String.join("; ", lines);
    }

    static String listMessages(Channel channel) throws StatusException {
        var stub = QuarantineServiceGrpc.newBlockingV2Stub(channel);
        var target = Target.newBuilder().setPipeline("poison");
        var request = ListMessagesRequest.newBuilder().setTarget(target).build();
        return "the oldest came by " + stub.listMessages(request).getMessages(0).getLink();
    }

    static String getMessage(Channel channel) throws StatusException {
        var stub = QuarantineServiceGrpc.newBlockingV2Stub(channel);
        var request =
                GetMessageRequest.newBuilder().setId(idOfTheOldest(channel)).build();
        var message = stub.getMessage(request).getMessage();
        return "%s, attempts: %d, deaths: %d"
                .formatted(message.getClassPath(), message.getAttempts(), message.getDeaths());
    }

    static String readPayload(Channel channel) throws StatusException, InterruptedException {
        var stub = QuarantineServiceGrpc.newBlockingV2Stub(channel);
        var request =
                ReadPayloadRequest.newBuilder().setId(idOfTheOldest(channel)).build();
        var call = stub.readPayload(request);
        int length = 0;
        for (var piece = call.read(); piece != null; piece = call.read()) {
            length += piece.getData().size();
        }
        return length + " bytes";
    }

    static String dropMessage(Channel channel) throws StatusException {
        var stub = QuarantineServiceGrpc.newBlockingV2Stub(channel);
        var request =
                DropMessageRequest.newBuilder().setId(idOfTheOldest(channel)).build();
        stub.dropMessage(request);
        try {
            stub.dropMessage(request);
        } catch (StatusException error) {
            return "dropped; dropped again: " + Refusal.of(error).reason();
        }
        return "dropped twice";
    }

    static String getStatus(Channel channel) throws StatusException {
        var stub = StatusServiceGrpc.newBlockingV2Stub(channel);
        var target = Target.newBuilder().setPipeline("street");
        var request = GetStatusRequest.newBuilder().setTarget(target).build();
        var street = stub.getStatus(request).getPipelines(0);
        return "%d flows, %d routines, %d links"
                .formatted(street.getFlowsCount(), street.getRoutinesCount(), street.getLinksCount());
    }

    static String getDaemon(Channel channel) throws StatusException {
        var stub = StatusServiceGrpc.newBlockingV2Stub(channel);
        var daemon = stub.getDaemon(GetDaemonRequest.getDefaultInstance()).getDaemon();
        var role = daemon.getRole().name().substring("ROLE_".length()).toLowerCase();
        return "version %s, your role is %s".formatted(daemon.getVersion(), role);
    }

    static String watchNotices(Channel channel) throws StatusException, InterruptedException {
        var target = Target.newBuilder().setPipeline("poison");
        var request = WatchNoticesRequest.newBuilder()
                .setTarget(target)
                .setAfterRevision(0)
                .build();
        var call = StatusServiceGrpc.newBlockingV2Stub(channel).watchNotices(request);
        var response = call.read();
        while (!response.hasNotice()) { // but a progress marker
            response = call.read();
        }
        call.cancel("the first is enough", null);
        return response.getNotice().getKind() + ": " + response.getNotice().getMessage();
    }

    static String tapLink(Channel channel) throws StatusException, InterruptedException {
        var start = TapStart.newBuilder()
                .setPipeline("street")
                .setSource("decode")
                .setDestination("motion")
                .setFormat(TapFormat.TAP_FORMAT_PNG)
                .setPictureWidth(64)
                .setBgr(true);
        var call = TapServiceGrpc.newBlockingV2Stub(channel).tapLink();
        call.write(TapLinkRequest.newBuilder().setStart(start).build()); // with credit for one message
        var first = call.read().getMessage().getPicture();
        call.write(TapLinkRequest.newBuilder().setCredit(1).build());
        var second = call.read().getMessage().getPicture();
        call.cancel("two are enough", null);
        return "%d x %d, %d x %d".formatted(first.getWidth(), first.getHeight(), second.getWidth(), second.getHeight());
    }

    private static Flow archive(Pipeline street) {
        return street.getFlowsList().stream()
                .filter(flow -> flow.getName().equals("archive"))
                .findFirst()
                .orElseThrow();
    }

    private static String idOfTheOldest(Channel channel) throws StatusException {
        var stub = QuarantineServiceGrpc.newBlockingV2Stub(channel);
        var target = Target.newBuilder().setPipeline("poison");
        var request = ListMessagesRequest.newBuilder().setTarget(target).build();
        return stub.listMessages(request).getMessages(0).getId();
    }

    private static String word(State state) {
        return state.name().substring("STATE_".length());
    }

    private static String word(PlanAction action) {
        return action.name().substring("PLAN_ACTION_".length()).toLowerCase();
    }

    private interface Call {
        String make(Channel channel) throws StatusException, InterruptedException;
    }

    private static Map<String, Call> inOrder() {
        var calls = new LinkedHashMap<String, Call>();
        calls.put("GetStatus", Calls::getStatus);
        calls.put("GetDaemon", Calls::getDaemon);
        calls.put("WatchNotices", Calls::watchNotices);
        calls.put("TapLink", Calls::tapLink);
        calls.put("NotifyEvent", Calls::notifyEvent);
        calls.put("ListHandlers", Calls::listHandlers);
        calls.put("ReadLogs", Calls::readLogs);
        calls.put("ListMessages", Calls::listMessages);
        calls.put("GetMessage", Calls::getMessage);
        calls.put("ReadPayload", Calls::readPayload);
        calls.put("DropMessage", Calls::dropMessage);
        calls.put("ListPipelines", Calls::listPipelines);
        calls.put("GetPipeline", Calls::getPipeline);
        calls.put("CheckDefinitions", Calls::checkDefinitions);
        calls.put("PlanReload", Calls::planReload);
        calls.put("Reload", Calls::reload);
        calls.put("PausePipeline", Calls::pausePipeline);
        calls.put("ResumePipeline", Calls::resumePipeline);
        calls.put("KillPipeline", Calls::killPipeline);
        calls.put("StopPipeline", Calls::stopPipeline);
        calls.put("StartPipeline", Calls::startPipeline);
        calls.put("RestartPipeline", Calls::restartPipeline);
        calls.put("Link", Calls::link);
        calls.put("Unlink", Calls::unlink);
        return calls;
    }

    @Override
    public Integer call() throws StatusException, InterruptedException {
        try (var connection = daemon.connect()) {
            for (var call : inOrder().entrySet()) {
                Terminal.print(
                        call.getKey() + ": " + Harmless.inALine(call.getValue().make(connection.channel())));
            }
        }
        return 0;
    }

    public static void main(String[] arguments) {
        System.exit(Program.run("calls", new Calls(), arguments));
    }
}

"""Pipelines: list, get, start, stop, restart, pause, resume, kill, check, plan, reload, link, unlink."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipertd.client import messages, records
from pipertd.client.call import ANSWER_TIMEOUT_S, WORK_TIMEOUT_S, Call, Noun, W, unary
from pipertd.rpc import definition_pb2, pipeline_pb2, pipeline_pb2_grpc

if TYPE_CHECKING:
    from pipertd.names import Target


class Pipelines(Noun[W]):
    """``client.pipelines``. A routine stands for its flow.

    Every call raises ClientError where the daemon refuses: NotFound, WrongState, NotPermitted, …. Those that answer
    when something is done wait ``timeout_s`` seconds for it, ``math.inf`` for as long as it takes; DeadlineExceeded
    then, and it goes on.

    Example:
        >>> client.pipelines.stop("street/b").name
        'street'
        >>> [(flow.name, flow.state) for flow in client.pipelines.get("street").flows]
        [('a', 'RUNNING'), ('b', 'STOPPED')]
        >>> client.pipelines.start("street/b").flows[1].generation
        2
    """

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self._stub: pipeline_pb2_grpc.PipelineServiceStub = pipeline_pb2_grpc.PipelineServiceStub(wire.channel)

    @unary
    def list(self) -> Call[tuple[records.Pipeline, ...]]:
        """All pipelines, by name."""
        return Call(self._stub.ListPipelines, pipeline_pb2.ListPipelinesRequest(), messages.pipelines)

    @unary
    def get(self, name: str) -> Call[records.Pipeline]:
        """One pipeline."""
        return Call(self._stub.GetPipeline, pipeline_pb2.GetPipelineRequest(name=name), messages.pipeline_of)

    @unary
    def start(self, target: Target | str, *, timeout_s: float = WORK_TIMEOUT_S) -> Call[records.Pipeline]:
        """Have a pipeline or flow up; it is STARTING then, and a watch tells when it is RUNNING."""
        request = pipeline_pb2.StartPipelineRequest(target=messages.target(target))
        return Call(self._stub.StartPipeline, request, messages.pipeline_of, timeout_s)

    @unary
    def stop(
        self, target: Target | str, *, now: bool = False, timeout_s: float = WORK_TIMEOUT_S
    ) -> Call[records.Pipeline]:
        """Have a pipeline or flow down; answers when it is. With ``now`` what waits on its links is not drained."""
        request = pipeline_pb2.StopPipelineRequest(target=messages.target(target), now=now)
        return Call(self._stub.StopPipeline, request, messages.pipeline_of, timeout_s)

    @unary
    def restart(self, target: Target | str, *, timeout_s: float = WORK_TIMEOUT_S) -> Call[records.Pipeline]:
        """Stop, then start: one flow within its run, a pipeline in a new run."""
        request = pipeline_pb2.RestartPipelineRequest(target=messages.target(target))
        return Call(self._stub.RestartPipeline, request, messages.pipeline_of, timeout_s)

    @unary
    def pause(self, target: Target | str, *, timeout_s: float = WORK_TIMEOUT_S) -> Call[records.Pipeline]:
        """Have a pipeline or flow take nothing and give nothing behind the message in hand, until it is resumed."""
        request = pipeline_pb2.PausePipelineRequest(target=messages.target(target))
        return Call(self._stub.PausePipeline, request, messages.pipeline_of, timeout_s)

    @unary
    def resume(self, target: Target | str, *, timeout_s: float = WORK_TIMEOUT_S) -> Call[records.Pipeline]:
        """Have what is paused go on."""
        request = pipeline_pb2.ResumePipelineRequest(target=messages.target(target))
        return Call(self._stub.ResumePipeline, request, messages.pipeline_of, timeout_s)

    @unary
    def kill(self, target: Target | str) -> Call[records.Pipeline]:
        """SIGKILL to the process of a flow, or of every flow of a pipeline; their restart rules say what follows."""
        request = pipeline_pb2.KillPipelineRequest(target=messages.target(target))
        return Call(self._stub.KillPipeline, request, messages.pipeline_of, ANSWER_TIMEOUT_S)

    @unary
    def check(
        self, files: Mapping[str, str], *, classes: bool = False, timeout_s: float = WORK_TIMEOUT_S
    ) -> Call[records.Check]:
        """Say what is wrong with definitions that the caller has at hand; nothing is loaded.

        Args:
            files: their texts by their names, which the problems name: 64 of 256 KiB each at most.
            classes: also import the classes of their routines, in a process apart; admins only.
        """
        given = [definition_pb2.DefinitionFile(name=name, text=text) for name, text in files.items()]
        request = definition_pb2.CheckDefinitionsRequest(files=given, classes=classes)
        return Call(self._stub.CheckDefinitions, request, messages.check, timeout_s)

    @unary
    def plan(self, *, timeout_s: float = WORK_TIMEOUT_S) -> Call[records.Reload]:
        """Say what a reload would do."""
        return Call(self._stub.PlanReload, definition_pb2.PlanReloadRequest(), messages.reload, timeout_s)

    @unary
    def reload(self, *, timeout_s: float = WORK_TIMEOUT_S) -> Call[records.Reload]:
        """Have all definitions read again, and do what is needed."""
        return Call(self._stub.Reload, definition_pb2.ReloadRequest(), messages.reload, timeout_s)

    @unary
    def link(
        self,
        pipeline: str,
        source: str,
        destination: str,
        *,
        policy: str = "wait",
        depth: int | None = None,
        timeout_s: float = WORK_TIMEOUT_S,
    ) -> Call[records.Plan]:
        """Draw a link, which lasts until the definition is loaded again; says what was done.

        Args:
            source: ROUTINE, or FLOW/ROUTINE where that is not unique; ``destination`` likewise.
            depth: how many messages may wait on it; None means the default of definitions.
        """
        request = pipeline_pb2.LinkRequest(
            pipeline=pipeline, source=source, destination=destination, policy=policy, depth=depth or 0
        )
        return Call(self._stub.Link, request, messages.plan_of, timeout_s)

    @unary
    def unlink(
        self, pipeline: str, source: str, destination: str, *, timeout_s: float = WORK_TIMEOUT_S
    ) -> Call[records.Plan]:
        """Take a link away, until the definition is loaded again; says what was done."""
        request = pipeline_pb2.UnlinkRequest(pipeline=pipeline, source=source, destination=destination)
        return Call(self._stub.Unlink, request, messages.plan_of, timeout_s)

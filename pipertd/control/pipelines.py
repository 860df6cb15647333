"""PipelineService: what is there, and starting and stopping it."""

from __future__ import annotations

from pipertd.control.audit import note
from pipertd.control.boundary import unary
from pipertd.control.caller import demand
from pipertd.control.definitions import DefinitionChecker
from pipertd.control.errors import BadRequest
from pipertd.control.messages import pipeline_message, plan_message, problem_message, target
from pipertd.control.roles import Role
from pipertd.definition.model import Link, Pipeline
from pipertd.definition.relink import with_link, without_link
from pipertd.names import Policy, Target
from pipertd.rpc import definition_pb2, pipeline_pb2, pipeline_pb2_grpc
from pipertd.supervisor.reload import Reloader
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import NoticeKind


class PipelineService(pipeline_pb2_grpc.PipelineServiceServicer):
    """See protos/pipertd/v1/pipeline.proto."""

    def __init__(self, supervisor: Supervisor, reloader: Reloader) -> None:
        self._supervisor = supervisor
        self._reloader = reloader
        self._checker = DefinitionChecker()

    @unary
    async def ListPipelines(  # noqa: N802 - gRPC's name
        self, _: pipeline_pb2.ListPipelinesRequest
    ) -> pipeline_pb2.ListPipelinesResponse:
        """All pipelines."""
        views = sorted(self._supervisor.snapshot().pipelines, key=lambda view: view.name)
        return pipeline_pb2.ListPipelinesResponse(pipelines=[pipeline_message(view) for view in views])

    @unary
    async def GetPipeline(  # noqa: N802
        self, request: pipeline_pb2.GetPipelineRequest
    ) -> pipeline_pb2.GetPipelineResponse:
        """One pipeline."""
        found = self._now(target(pipeline_pb2.Target(pipeline=request.name)))
        return pipeline_pb2.GetPipelineResponse(pipeline=found)

    @unary
    async def StartPipeline(  # noqa: N802
        self, request: pipeline_pb2.StartPipelineRequest
    ) -> pipeline_pb2.StartPipelineResponse:
        """Have it up."""
        aim = target(request.target)
        await self._supervisor.start(aim)
        return pipeline_pb2.StartPipelineResponse(pipeline=self._now(aim), target=_acted_on(aim))

    @unary
    async def StopPipeline(  # noqa: N802
        self, request: pipeline_pb2.StopPipelineRequest
    ) -> pipeline_pb2.StopPipelineResponse:
        """Have it down."""
        aim = target(request.target)
        await self._supervisor.stop(aim, now=request.now)
        return pipeline_pb2.StopPipelineResponse(pipeline=self._now(aim), target=_acted_on(aim))

    @unary
    async def RestartPipeline(  # noqa: N802
        self, request: pipeline_pb2.RestartPipelineRequest
    ) -> pipeline_pb2.RestartPipelineResponse:
        """Stop, then start."""
        aim = target(request.target)
        await self._supervisor.restart(aim)
        return pipeline_pb2.RestartPipelineResponse(pipeline=self._now(aim), target=_acted_on(aim))

    @unary
    async def PausePipeline(  # noqa: N802
        self, request: pipeline_pb2.PausePipelineRequest
    ) -> pipeline_pb2.PausePipelineResponse:
        """Have it take nothing."""
        aim = target(request.target)
        await self._supervisor.pause(aim)
        return pipeline_pb2.PausePipelineResponse(pipeline=self._now(aim), target=_acted_on(aim))

    @unary
    async def ResumePipeline(  # noqa: N802
        self, request: pipeline_pb2.ResumePipelineRequest
    ) -> pipeline_pb2.ResumePipelineResponse:
        """Have it go on."""
        aim = target(request.target)
        await self._supervisor.resume(aim)
        return pipeline_pb2.ResumePipelineResponse(pipeline=self._now(aim), target=_acted_on(aim))

    @unary
    async def KillPipeline(  # noqa: N802
        self, request: pipeline_pb2.KillPipelineRequest
    ) -> pipeline_pb2.KillPipelineResponse:
        """SIGKILL."""
        aim = target(request.target)
        await self._supervisor.kill(aim)
        return pipeline_pb2.KillPipelineResponse(pipeline=self._now(aim), target=_acted_on(aim))

    @unary
    async def CheckDefinitions(  # noqa: N802
        self, request: definition_pb2.CheckDefinitionsRequest
    ) -> definition_pb2.CheckDefinitionsResponse:
        """What is wrong with definitions that are not loaded."""
        if request.classes:
            demand(Role.ADMIN, "have classes imported")
            note(request)
        return await self._checker.check(request)

    @unary
    async def PlanReload(  # noqa: N802
        self, _: definition_pb2.PlanReloadRequest
    ) -> definition_pb2.PlanReloadResponse:
        """What a reload would do."""
        found = await self._reloader.reload(dry_run=True)
        return definition_pb2.PlanReloadResponse(
            plans=map(plan_message, found.plans), problems=map(problem_message, found.problems)
        )

    @unary
    async def Reload(  # noqa: N802
        self, _: definition_pb2.ReloadRequest
    ) -> definition_pb2.ReloadResponse:
        """Read again, and do what is needed."""
        found = await self._reloader.reload()
        return definition_pb2.ReloadResponse(
            plans=map(plan_message, found.plans), problems=map(problem_message, found.problems)
        )

    @unary
    async def Link(self, request: pipeline_pb2.LinkRequest) -> pipeline_pb2.LinkResponse:  # noqa: N802
        """Draw a link."""
        name, policy = _named(request.pipeline), _policy(request.policy)

        def drawn(old: Pipeline) -> Pipeline:
            return with_link(old, request.source, request.destination, policy, request.depth or Link.depth)

        plan = await self._reloader.redefine(name, drawn, NoticeKind.LINK_DRAWN)
        return pipeline_pb2.LinkResponse(plan=plan_message(plan))

    @unary
    async def Unlink(self, request: pipeline_pb2.UnlinkRequest) -> pipeline_pb2.UnlinkResponse:  # noqa: N802
        """Take a link away."""
        name = _named(request.pipeline)

        def removed(old: Pipeline) -> Pipeline:
            return without_link(old, request.source, request.destination)

        plan = await self._reloader.redefine(name, removed, NoticeKind.LINK_REMOVED)
        return pipeline_pb2.UnlinkResponse(plan=plan_message(plan))

    def _now(self, aim: Target) -> pipeline_pb2.Pipeline:
        return pipeline_message(self._supervisor.snapshot(aim).pipelines[0])


def _named(pipeline: str) -> str:
    return target(pipeline_pb2.Target(pipeline=pipeline)).pipeline


def _policy(written: str) -> Policy:
    try:
        return Policy(written or Policy.WAIT)
    except ValueError:
        raise BadRequest(f"cannot link with policy {written!r}: it is one of {', '.join(Policy)}") from None


def _acted_on(aim: Target) -> pipeline_pb2.Target:
    return pipeline_pb2.Target(pipeline=aim.pipeline, flow=aim.flow or "")

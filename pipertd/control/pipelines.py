"""PipelineService: what is there, and starting and stopping it."""

from __future__ import annotations

import logging

from pipertd.control.boundary import unary
from pipertd.control.messages import pipeline_message, target
from pipertd.names import Target
from pipertd.rpc import pipeline_pb2, pipeline_pb2_grpc
from pipertd.supervisor.supervisor import Supervisor

logger = logging.getLogger(__name__)


class PipelineService(pipeline_pb2_grpc.PipelineServiceServicer):
    """See protos/pipertd/v1/pipeline.proto."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

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
        logger.info("start %s, asked on the control socket", aim)
        await self._supervisor.start(aim)
        return pipeline_pb2.StartPipelineResponse(pipeline=self._now(aim))

    @unary
    async def StopPipeline(  # noqa: N802
        self, request: pipeline_pb2.StopPipelineRequest
    ) -> pipeline_pb2.StopPipelineResponse:
        """Have it down."""
        aim = target(request.target)
        logger.info("stop %s%s, asked on the control socket", aim, " now" if request.now else "")
        await self._supervisor.stop(aim, now=request.now)
        return pipeline_pb2.StopPipelineResponse(pipeline=self._now(aim))

    @unary
    async def RestartPipeline(  # noqa: N802
        self, request: pipeline_pb2.RestartPipelineRequest
    ) -> pipeline_pb2.RestartPipelineResponse:
        """Stop, then start."""
        aim = target(request.target)
        logger.info("restart %s, asked on the control socket", aim)
        await self._supervisor.restart(aim)
        return pipeline_pb2.RestartPipelineResponse(pipeline=self._now(aim))

    def _now(self, aim: Target) -> pipeline_pb2.Pipeline:
        return pipeline_message(self._supervisor.snapshot(aim).pipelines[0])

"""Pipelines: list, get, start, stop, restart, pause, resume, kill, link, unlink."""

from __future__ import annotations

from pipertd.client import messages, records
from pipertd.client.connection import CALL_TIMEOUT_S, Client
from pipertd.names import Target
from pipertd.rpc import pipeline_pb2, pipeline_pb2_grpc


class Pipelines:
    """``client.pipelines``. Every call raises ClientError where the daemon refuses; a routine stands for its flow."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stub = pipeline_pb2_grpc.PipelineServiceStub(client.channel)

    def list(self) -> tuple[records.Pipeline, ...]:
        """All pipelines, by name."""
        with self._client.translated():
            response = self._stub.ListPipelines(pipeline_pb2.ListPipelinesRequest(), timeout=CALL_TIMEOUT_S)
        return tuple(messages.pipeline(each) for each in response.pipelines)

    def get(self, name: str) -> records.Pipeline:
        """One pipeline."""
        with self._client.translated():
            response = self._stub.GetPipeline(pipeline_pb2.GetPipelineRequest(name=name), timeout=CALL_TIMEOUT_S)
        return messages.pipeline(response.pipeline)

    def start(self, target: Target | str) -> records.Pipeline:
        """Have a pipeline or flow up."""
        request = pipeline_pb2.StartPipelineRequest(target=messages.target(target))
        with self._client.translated():
            return messages.pipeline(self._stub.StartPipeline(request).pipeline)

    def stop(self, target: Target | str, *, now: bool = False) -> records.Pipeline:
        """Have a pipeline or flow down; returns when it is."""
        request = pipeline_pb2.StopPipelineRequest(target=messages.target(target), now=now)
        with self._client.translated():
            return messages.pipeline(self._stub.StopPipeline(request).pipeline)

    def restart(self, target: Target | str) -> records.Pipeline:
        """Stop, then start."""
        request = pipeline_pb2.RestartPipelineRequest(target=messages.target(target))
        with self._client.translated():
            return messages.pipeline(self._stub.RestartPipeline(request).pipeline)

    def pause(self, target: Target | str) -> records.Pipeline:
        """Have a pipeline or flow take nothing and give nothing behind the message in hand, until it is resumed."""
        request = pipeline_pb2.PausePipelineRequest(target=messages.target(target))
        with self._client.translated():
            return messages.pipeline(self._stub.PausePipeline(request).pipeline)

    def resume(self, target: Target | str) -> records.Pipeline:
        """Have what is paused go on."""
        request = pipeline_pb2.ResumePipelineRequest(target=messages.target(target))
        with self._client.translated():
            return messages.pipeline(self._stub.ResumePipeline(request).pipeline)

    def kill(self, target: Target | str) -> records.Pipeline:
        """SIGKILL to the process of a flow, or of every flow of a pipeline; their restart rules say what follows."""
        request = pipeline_pb2.KillPipelineRequest(target=messages.target(target))
        with self._client.translated():
            return messages.pipeline(self._stub.KillPipeline(request, timeout=CALL_TIMEOUT_S).pipeline)

    def link(
        self, pipeline: str, source: str, destination: str, *, policy: str = "wait", depth: int | None = None
    ) -> records.Plan:
        """Draw a link, which lasts until the definition is loaded again; says what was done."""
        request = pipeline_pb2.LinkRequest(
            pipeline=pipeline, source=source, destination=destination, policy=policy, depth=depth or 0
        )
        with self._client.translated():
            return messages.plan(self._stub.Link(request).plan)

    def unlink(self, pipeline: str, source: str, destination: str) -> records.Plan:
        """Take a link away, until the definition is loaded again; says what was done."""
        request = pipeline_pb2.UnlinkRequest(pipeline=pipeline, source=source, destination=destination)
        with self._client.translated():
            return messages.plan(self._stub.Unlink(request).plan)

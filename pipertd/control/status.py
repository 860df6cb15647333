"""StatusService: the snapshot, and the notices behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pipertd.control.boundary import Streams, stream, unary
from pipertd.control.messages import notice_message, pipeline_message, target
from pipertd.rpc import status_pb2, status_pb2_grpc
from pipertd.supervisor.supervisor import Supervisor

ONLY_NEW = -1


class StatusService(status_pb2_grpc.StatusServiceServicer):
    """See protos/pipertd/v1/status.proto. A stream holds its revision and reads the shared history: no queues."""

    def __init__(self, supervisor: Supervisor, streams: Streams) -> None:
        self._supervisor = supervisor
        self.streams = streams

    @unary
    async def GetStatus(self, request: status_pb2.GetStatusRequest) -> status_pb2.GetStatusResponse:  # noqa: N802
        """Everything at one moment."""
        aim = target(request.target) if request.HasField("target") else None
        snapshot = self._supervisor.snapshot(aim)
        views = sorted(snapshot.pipelines, key=lambda view: view.name)
        return status_pb2.GetStatusResponse(
            epoch=snapshot.epoch,
            revision=snapshot.revision,
            pipelines=[pipeline_message(view) for view in views],
        )

    @stream
    async def WatchNotices(  # noqa: N802
        self, request: status_pb2.WatchNoticesRequest
    ) -> AsyncIterator[status_pb2.WatchNoticesResponse]:
        """The notices behind a revision, for ever."""
        history = self._supervisor.history
        aim = target(request.target) if request.HasField("target") else None
        revision = history.revision if request.after_revision == ONLY_NEW else request.after_revision
        if revision == 0:
            revision = history.oldest - 1
        epoch = request.epoch or history.epoch
        while True:
            for notice in history.since(revision, epoch):
                revision = notice.revision
                if aim is None or aim.covers(notice.pipeline, notice.flow, notice.routine):
                    yield status_pb2.WatchNoticesResponse(notice=notice_message(notice))
            await history.wait_beyond(revision)

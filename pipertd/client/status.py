"""The snapshot and the notices behind it."""

from __future__ import annotations

from collections.abc import Iterator

from pipertd.client import messages, records
from pipertd.client.connection import CALL_TIMEOUT_S, Client
from pipertd.names import Target
from pipertd.rpc import status_pb2, status_pb2_grpc

ONLY_NEW = -1


class StatusCalls:
    """``client.status``. Every call raises ClientError where the daemon refuses."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stub = status_pb2_grpc.StatusServiceStub(client.channel)

    def get(self, target: Target | str | None = None) -> records.Status:
        """Everything at one moment, or one pipeline."""
        request = status_pb2.GetStatusRequest(target=messages.target(target) if target else None)
        with self._client.translated():
            response = self._stub.GetStatus(request, timeout=CALL_TIMEOUT_S)
        return records.Status(
            response.epoch, response.revision, tuple(messages.pipeline(each) for each in response.pipelines)
        )

    def watch(
        self, target: Target | str | None = None, *, after_revision: int = ONLY_NEW, epoch: str = ""
    ) -> Iterator[records.Notice]:
        """The notices behind a revision, for as long as they are read; 0 begins with the oldest that is kept."""
        request = status_pb2.WatchNoticesRequest(
            after_revision=after_revision, epoch=epoch, target=messages.target(target) if target else None
        )
        with self._client.translated():
            for response in self._stub.WatchNotices(request):
                notice = response.notice
                yield records.Notice(
                    notice.epoch,
                    notice.revision,
                    messages.seconds(notice.time),
                    notice.kind,
                    notice.pipeline,
                    notice.flow,
                    notice.routine,
                    notice.message,
                    dict(notice.details),
                    messages.failure(notice.failure),
                )

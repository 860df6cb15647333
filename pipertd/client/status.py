"""The daemon, the snapshot of everything, and the notices behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipertd.client import messages, records
from pipertd.client.call import Call, Feed, Noun, OnLost, W, stream, unary
from pipertd.rpc import status_pb2, status_pb2_grpc

if TYPE_CHECKING:
    from pipertd.names import Target

ONLY_NEW = -1


class StatusCalls(Noun[W]):
    """``client.status``. Every call raises ClientError where the daemon refuses.

    Example:
        >>> status = client.status.get("street")
        >>> [f"{link.source} -> {link.destination}" for link in status.pipelines[0].links]
        ['a/count -> b/sink']
        >>> with client.status.watch("street", after_revision=0) as notices:
        ...     next(notices).kind
        'pipeline_loaded'
    """

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self._stub: status_pb2_grpc.StatusServiceStub = status_pb2_grpc.StatusServiceStub(wire.channel)

    @unary
    def get(self, target: Target | str | None = None) -> Call[records.Status]:
        """Everything at one moment, or one pipeline; NotFound where there is none of that name."""
        request = status_pb2.GetStatusRequest(target=messages.target(target) if target else None)
        return Call(self._stub.GetStatus, request, messages.status)

    @unary
    def daemon(self) -> Call[records.Daemon]:
        """The daemon itself: what it is, where, and what it finds on its machine."""
        return Call(self._stub.GetDaemon, status_pb2.GetDaemonRequest(), messages.daemon)

    @stream
    def watch(
        self,
        target: Target | str | None = None,
        *,
        after_revision: int = ONLY_NEW,
        epoch: str = "",
        resume: bool = True,
        on_lost: OnLost | None = None,
    ) -> Feed[records.Notice]:
        """The notices behind a revision, in order, without a gap and each once, for as long as they are read.

        For a view that misses nothing: take a snapshot, and watch behind its ``epoch`` and ``revision``.

        Args:
            after_revision: the last one known; 0 begins with the oldest that is kept.
            epoch: of that revision; empty means: do not compare.
            resume: go on when the daemon is started again; else its end raises Unreachable.
            on_lost: called with the error when the connection is lost, and for each try in vain. What it raises ends
                the stream.

        Raises:
            NotFound: the target is neither loaded nor in any notice that is kept.
            RevisionTooOld: they are no longer kept, or the epoch is another; take a new snapshot.
        """
        request = status_pb2.WatchNoticesRequest(
            after_revision=after_revision, epoch=epoch, target=messages.target(target) if target else None
        )

        def read(response: status_pb2.WatchNoticesResponse) -> records.Notice | None:
            place = response.notice if response.HasField("notice") else response.progress
            request.epoch, request.after_revision = place.epoch, place.revision
            return messages.notice(response.notice) if response.HasField("notice") else None

        return Feed(self._stub.WatchNotices, request, read, resume=resume, on_lost=on_lost)

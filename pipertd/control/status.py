"""StatusService: the snapshot, and the notices behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from pipertd.control.boundary import stream, unary
from pipertd.control.caller import caller
from pipertd.control.errors import BadRequest
from pipertd.control.facts import DaemonFacts, daemon_message
from pipertd.control.limits import Count
from pipertd.control.messages import notice_message, pipeline_message, target
from pipertd.control.pace import Pace
from pipertd.errors import StillLoading, UnknownTarget
from pipertd.names import Target
from pipertd.rpc import status_pb2, status_pb2_grpc
from pipertd.supervisor.history import History
from pipertd.supervisor.supervisor import Supervisor

ONLY_NEW = -1
MOST_AT_ONCE = 64  # notices: all that a watcher keeps of the history while its client does not read


class StatusService(status_pb2_grpc.StatusServiceServicer):
    """See protos/pipertd/v1/status.proto. A stream holds its revision and reads the shared history: no queues."""

    def __init__(self, supervisor: Supervisor, facts: DaemonFacts, streams: Count) -> None:
        self._supervisor = supervisor
        self._facts = facts
        self._streams = streams

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

    @unary
    async def GetDaemon(self, _: status_pb2.GetDaemonRequest) -> status_pb2.GetDaemonResponse:  # noqa: N802
        """The daemon itself."""
        daemon = daemon_message(self._facts, caller().role, self._streams)
        return status_pb2.GetDaemonResponse(daemon=daemon)

    @stream
    async def WatchNotices(  # noqa: N802
        self, request: status_pb2.WatchNoticesRequest
    ) -> AsyncIterator[status_pb2.WatchNoticesResponse]:
        """The notices behind a revision, for ever."""
        history = self._supervisor.history
        aim = target(request.target) if request.HasField("target") else None
        self._check_known(aim)
        epoch = request.epoch or history.epoch
        known = _beginning(history, request.after_revision)
        history.since(known, epoch)  # RevisionTooOld, before anything else is said
        yield _progress(epoch, known)
        revision, pace = known, Pace()
        while True:
            for notice in history.since(revision, epoch, MOST_AT_ONCE):
                revision = notice.revision
                if aim is None or aim.covers(notice.pipeline, notice.flow, notice.routine):
                    yield status_pb2.WatchNoticesResponse(notice=notice_message(notice))
                    known = revision
                    pace.say()
            with suppress(TimeoutError):
                async with asyncio.timeout(pace.due_in_s(is_behind=revision > known)):
                    await history.wait_beyond(revision)
            if pace.due_in_s(is_behind=revision > known) <= 0:
                yield _progress(epoch, revision)
                known = revision
                pace.say()

    def _check_known(self, aim: Target | None) -> None:
        """UnknownTarget for what is neither loaded nor in the history; what was removed can still be watched."""
        if aim is None:
            return
        try:
            self._supervisor.pipelines.find(aim)
        except (UnknownTarget, StillLoading):
            kept = self._supervisor.history.since(self._supervisor.history.oldest - 1)
            if not any(aim.covers(notice.pipeline, notice.flow, notice.routine) for notice in kept):
                raise


def _beginning(history: History, after_revision: int) -> int:
    """The revision that a watch begins behind."""
    if after_revision < ONLY_NEW:
        raise BadRequest(f"cannot watch behind revision {after_revision}: they are counted from 1")
    if after_revision == ONLY_NEW:
        return history.revision
    return after_revision or history.oldest - 1


def _progress(epoch: str, revision: int) -> status_pb2.WatchNoticesResponse:
    return status_pb2.WatchNoticesResponse(progress=status_pb2.WatchProgress(epoch=epoch, revision=revision))

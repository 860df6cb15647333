"""Log records, once or followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf import json_format

from pipertd.client import messages, records
from pipertd.client.call import Feed, Noun, OnLost, W, stream
from pipertd.rpc import log_pb2, log_pb2_grpc

if TYPE_CHECKING:
    from pipertd.names import Target


class Logs(Noun[W]):
    """``client.logs``. Every call raises ClientError where the daemon refuses.

    Example:
        >>> with client.logs.read("street/a/count", follow=True) as records:
        ...     record = next(records)
        >>> (record.flow, record.routine, record.level)
        ('a', 'count', 20)
        >>> with client.logs.read("street/a", follow=True, cursor=record.cursor) as behind:
        ...     next(behind).time_s >= record.time_s
        True
    """

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self._stub: log_pb2_grpc.LogServiceStub = log_pb2_grpc.LogServiceStub(wire.channel)

    @stream
    def read(
        self,
        target: Target | str | None = None,
        *,
        level: int = 0,
        since_s: float | None = None,
        limit: int = 0,
        follow: bool = False,
        cursor: str = "",
        resume: bool = True,
        on_lost: OnLost | None = None,
    ) -> Feed[records.Record]:
        """Records, oldest first: the newest ``limit``, or those behind ``cursor``; with ``follow`` also all that come.

        Args:
            level: the lowest wanted, as in ``logging``; 0 means all.
            since_s: only what is not older, in seconds since the epoch.
            limit: 0 means all without ``follow``, and with it none of those that are there.
            cursor: a record's, behind which to go on.
            resume: with ``follow``, go on when the daemon is started again; else its end raises Unreachable.
            on_lost: called with the error when the connection is lost, and for each try in vain. What it raises ends
                the stream.
        """
        request = log_pb2.ReadLogsRequest(
            target=messages.target(target) if target else None, level=level, limit=limit, follow=follow, cursor=cursor
        )
        if since_s is not None:
            request.since.FromNanoseconds(messages.nanoseconds(since_s))

        def read(response: log_pb2.ReadLogsResponse) -> records.Record | None:
            record = response.record if response.HasField("record") else None
            request.cursor = response.progress.cursor if record is None else record.cursor
            return None if record is None else _record(record)

        return Feed(self._stub.ReadLogs, request, read, resume=resume and follow, on_lost=on_lost)


def _record(record: log_pb2.LogRecord) -> records.Record:
    return records.Record(
        time_s=messages.seconds(record.time),
        level=record.level,
        pipeline=record.pipeline,
        flow=record.flow,
        routine=record.routine,
        generation=record.generation,
        logger=record.logger,
        message=record.message,
        fields=json_format.MessageToDict(record.fields),
        exception=record.exception,
        source=record.source,
        cursor=record.cursor,
    )

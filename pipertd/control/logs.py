"""LogService: what was logged and printed, once or followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pipertd.control.boundary import Streams, stream
from pipertd.control.codes import BadRequest
from pipertd.control.messages import struct_message, target, timestamp
from pipertd.errors import UnknownTarget
from pipertd.logs.reader import LogStore
from pipertd.logs.record import LogFilter, LogRecord
from pipertd.names import Target
from pipertd.rpc import log_pb2, log_pb2_grpc
from pipertd.supervisor.supervisor import Supervisor

MOST_RECORDS = 100_000


class LogService(log_pb2_grpc.LogServiceServicer):
    """See protos/pipertd/v1/log.proto."""

    def __init__(self, supervisor: Supervisor, logs: LogStore, streams: Streams) -> None:
        self._supervisor = supervisor
        self._logs = logs
        self.streams = streams

    @stream
    async def ReadLogs(self, request: log_pb2.ReadLogsRequest) -> AsyncIterator[log_pb2.ReadLogsResponse]:  # noqa: N802
        """Records, oldest first."""
        if not 0 <= request.limit <= MOST_RECORDS:
            raise BadRequest(f"cannot read {request.limit} records: it is 0 to {MOST_RECORDS}")
        aim = target(request.target) if request.HasField("target") else None
        self._check_known(aim)
        wanted = LogFilter(
            target=aim,
            level=request.level,
            since_s=request.since.ToNanoseconds() / 1e9 if request.HasField("since") else None,
        )
        try:
            async for record in self._records(request, wanted):
                yield log_pb2.ReadLogsResponse(record=_message(record))
        except ValueError as reason:
            raise BadRequest(str(reason)) from None

    def _check_known(self, aim: Target | None) -> None:
        """UnknownTarget for what neither is loaded nor has ever written; what was loaded once can still be read."""
        if aim is None:
            return
        try:
            self._supervisor.snapshot(aim)
        except UnknownTarget:
            if aim.routine is not None or not self._logs.has(aim):
                raise

    async def _records(self, request: log_pb2.ReadLogsRequest, wanted: LogFilter) -> AsyncIterator[LogRecord]:
        if request.follow:
            async for record in self._logs.follow(wanted, request.cursor, backlog=request.limit):
                yield record
            return
        limit = request.limit or MOST_RECORDS
        for record in await asyncio.to_thread(self._logs.read, wanted, limit, request.cursor):
            yield record


def _message(record: LogRecord) -> log_pb2.LogRecord:
    return log_pb2.LogRecord(
        time=timestamp(record.time_s),
        level=record.level,
        pipeline=record.pipeline,
        flow=record.flow,
        routine=record.routine,
        generation=record.generation,
        logger=record.logger,
        message=record.message,
        fields=struct_message(record.fields),
        exception=record.exception,
        source=record.source,
        cursor=record.cursor,
    )

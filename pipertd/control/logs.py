"""LogService: what was logged and printed, once or followed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from pipertd.control.boundary import stream
from pipertd.control.errors import BadRequest
from pipertd.control.messages import struct_message, target, timestamp
from pipertd.control.pace import Pace
from pipertd.control.times import wall_s_of
from pipertd.errors import UnknownTarget
from pipertd.logs.record import LogFilter, LogRecord
from pipertd.logs.store import LogStore
from pipertd.names import Target
from pipertd.rpc import log_pb2, log_pb2_grpc
from pipertd.supervisor.supervisor import Supervisor

MOST_RECORDS = 100_000


class LogService(log_pb2_grpc.LogServiceServicer):
    """See protos/pipertd/v1/log.proto."""

    def __init__(self, supervisor: Supervisor, logs: LogStore) -> None:
        self._supervisor = supervisor
        self._logs = logs

    @stream
    async def ReadLogs(self, request: log_pb2.ReadLogsRequest) -> AsyncIterator[log_pb2.ReadLogsResponse]:  # noqa: N802
        """Records, oldest first."""
        if not 0 <= request.limit <= MOST_RECORDS:
            raise BadRequest(f"cannot read {request.limit} records: it is 0 to {MOST_RECORDS}")
        aim = target(request.target) if request.HasField("target") else None
        await self._check_known(aim)
        wanted = LogFilter(
            target=aim,
            level=request.level,
            since_s=wall_s_of(request.since) if request.HasField("since") else None,
        )
        try:
            found = self._follow(request, wanted) if request.follow else self._read(request, wanted)
            async with aclosing(found) as responses:
                async for response in responses:
                    yield response
        except ValueError as reason:
            raise BadRequest(str(reason)) from None

    async def _check_known(self, aim: Target | None) -> None:
        """UnknownTarget for what neither is loaded nor has ever written; what was loaded once can still be read."""
        if aim is None:
            return
        try:
            self._supervisor.snapshot(aim)
        except UnknownTarget:
            if aim.routine is not None or not await self._logs.has(aim):
                raise

    async def _read(
        self, request: log_pb2.ReadLogsRequest, wanted: LogFilter
    ) -> AsyncGenerator[log_pb2.ReadLogsResponse, None]:
        limit = request.limit or MOST_RECORDS
        async with aclosing(self._logs.records(wanted, limit, request.cursor)) as records:
            async for record in records:
                yield log_pb2.ReadLogsResponse(record=record_message(record))

    async def _follow(
        self, request: log_pb2.ReadLogsRequest, wanted: LogFilter
    ) -> AsyncGenerator[log_pb2.ReadLogsResponse, None]:
        """As they come; progress markers behind what was there, and then at their pace."""
        pace, known, caught_up = Pace(), request.cursor, False
        async with aclosing(self._logs.follow(wanted, request.cursor, backlog=request.limit)) as stretches:
            async for stretch in stretches:
                for record in stretch.records():
                    yield log_pb2.ReadLogsResponse(record=record_message(record))
                    known = record.cursor
                    pace.say()
                if (stretch.is_last and not caught_up) or pace.due_in_s(is_behind=stretch.cursor != known) <= 0:
                    yield log_pb2.ReadLogsResponse(progress=log_pb2.LogProgress(cursor=stretch.cursor))
                    known, caught_up = stretch.cursor, True
                    pace.say()


def record_message(record: LogRecord) -> log_pb2.LogRecord:
    """A record, whatever its author put into it."""
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

"""Records handed on as they are written, while something runs in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pipertd.logs.files import FileLogs
from pipertd.logs.record import LogRecord


class HandedOn:
    """Gives each record to ``take`` while its block runs, up to the last one that was written in it."""

    def __init__(self, logs: FileLogs, cursor: str, take: Callable[[LogRecord], None]) -> None:
        """Those behind ``cursor``."""
        self._logs = logs
        self._take = take
        self._cursor = cursor
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        for record in self._logs.read(cursor=self._cursor):
            self._hand_on(record)

    async def _follow(self) -> None:
        async for stretch in self._logs.follow(cursor=self._cursor):
            for record in stretch.records():
                self._hand_on(record)

    def _hand_on(self, record: LogRecord) -> None:
        self._cursor = record.cursor
        self._take(record)

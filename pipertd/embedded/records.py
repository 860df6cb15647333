"""What flows write into their logs, handed to the script's own logging."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

from pipertd.logs.files import FileLogs
from pipertd.logs.record import LogRecord

_FORMAT = "%(asctime)s — %(name)s — %(levelname)s — %(message)s"  # PipeRT2's


def default_logger() -> logging.Logger:
    """What a pipe has that was given none: it shows records from INFO on, by itself where the script shows none."""
    logger = logging.getLogger("Pipe")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_FORMAT))
        logger.addHandler(handler)
    return logger


def notices_logger(logger: logging.Logger) -> logging.Logger:
    """Where the supervisor says what becomes of flows: a child of the script's, as a rule from WARNING on."""
    notices = logger.getChild("supervisor")
    if notices.level == logging.NOTSET:
        notices.setLevel(max(logging.WARNING, logger.getEffectiveLevel()))
    return notices


class Records:
    """Hands on records while its block runs, up to the last one; each to a child of the script's logger."""

    def __init__(self, logs: FileLogs, logger: logging.Logger) -> None:
        self._logs = logs
        self._logger = logger
        self._cursor = logs.end()
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
        if record.level < logging.WARNING and _is_ours(record.logger):
            return
        name = ".".join(filter(None, (record.flow, record.routine)))
        logger = self._logger.getChild(name) if name else self._logger
        if not logger.isEnabledFor(record.level):
            return
        handed = logger.makeRecord(logger.name, record.level, record.flow, 0, record.message, (), None)
        handed.created, handed.exc_text = record.time_s, record.exception or None
        logger.handle(handed)


def _is_ours(logger: str) -> bool:
    return logger.startswith("pipertd.") and not logger.startswith("pipertd.routine")

"""What one process of a flow leaves that tells of its death: the end of its log, and the stacks of its threads."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipertd.errors import LogsUnreadable
from pipertd.logs.destination import guest_handler
from pipertd.logs.record import LogFilter
from pipertd.logs.store import LogStore
from pipertd.logs.tail import STACKS_LOGGER, finish_line, last_lines, lines_of
from pipertd.names import Target
from pipertd.supervisor.launch import Process
from pipertd.supervisor.stacks import StacksFile, dump_stacks, fatal_thread, left_by

_MOST_LINES, _MOST_BYTES = 200, 32 * 1024
_NOTICE_LINES = 20
ASK_S = 2.0
_STACKS_BYTES = 8 * 1024


class Evidence:
    """Of one process, from its start on; what was found is there when it is closed.

    Attributes:
        generation: which start of its flow the process is, or will be.
        stacks: of all threads, as a watchdog or a fatal signal had them written; empty where neither did.
        fatal_thread: the thread that a fatal signal struck, if its traceback is there.
    """

    def __init__(self, logs: LogStore, stacks: StacksFile | None, pipeline: str, flow: str, generation: int) -> None:
        """Where there is no file for its stacks, the process writes them among its prints."""
        self.generation = generation
        self.stacks = ""
        self.fatal_thread: int | None = None
        self._logs = logs
        self._spec = logs.spec_of(pipeline, flow)
        self._names = (pipeline, flow)
        self._file = stacks
        self._seen = 0  # of a file's size, at the look before
        self._is_asked = False
        self._lines: list[str] = []

    @property
    def file_name(self) -> str:
        """What the next daemon finds the stacks by."""
        return self._file.name if self._file else ""

    async def dump_stacks(self, process: Process, is_alive: Callable[[], bool]) -> None:
        """Have the process, which is about to be killed, write the stacks of all its threads."""
        if self._file is not None:
            self._is_asked = True
            await dump_stacks(process, self._file, is_alive)

    def look(self) -> None:
        """Put the stacks into the log that somebody asked for by hand, when all of them are written."""
        if self._file is None or self._is_asked:
            return
        size = self._file.size()
        if size and size == self._seen:
            self._log_stacks("the stacks of all threads, as somebody asked for them", self._file.read())
            self._file.clear()
            size = 0
        self._seen = size

    @property
    def is_at_hand(self) -> bool:
        """Whether the end of the log can be read at once; else it is to be asked for before this is closed."""
        return self._spec.kind == "file"

    async def ask_for_last_lines(self) -> None:
        """Have the log say them; where it cannot in time there are none, which keeps no flow from its restart."""
        target, lines = Target(*self._names), list[str]()
        with suppress(TimeoutError, LogsUnreadable):
            async with asyncio.timeout(ASK_S):
                found = self._logs.records(LogFilter(target), limit=_MOST_LINES)
                lines = lines_of([each async for each in found if "notice" not in each.fields])
        self._lines = _newest(lines)

    def end_log(self) -> None:
        """Nobody of the flow writes any more: what its successor writes begins on a line of its own."""
        if self.is_at_hand:
            log = Path(self._spec.path)
            finish_line(log)
            self._lines = last_lines(log, _MOST_LINES, _MOST_BYTES)

    def close(self, why_killed: str = "") -> None:
        """The process is dead: read its stacks, and put them into the log."""
        if self._file is None:
            return
        content = self._file.read()
        self._file.remove()
        if content:
            left = left_by(content)
            self.stacks = _text(left[:_STACKS_BYTES])
            self.fatal_thread = fatal_thread(content)
            why = f"because {why_killed}" if why_killed else "as its end left them"
            self._log_stacks(f"the stacks of all threads, {why}", left)

    def last_lines(self) -> str:
        """The end of its log, for a notice."""
        return "\n".join(self._lines[-_NOTICE_LINES:])

    def whole_end(self) -> str:
        """The end of its log and its stacks, for who looks into the death."""
        return "\n".join([*self._lines, *filter(None, [self.stacks])])

    def _log_stacks(self, message: str, stacks: bytes) -> None:
        """Into the flow's own log, so that they are found at their place."""
        pipeline, flow = self._names
        try:
            writer = guest_handler(self._spec, pipeline=pipeline, flow=flow, generation=self.generation)
        except OSError:  # the notice has them all the same
            return
        record = {"name": STACKS_LOGGER, "levelno": logging.WARNING, "msg": message, "exc_text": _text(stacks)}
        writer.handle(logging.makeLogRecord(record))
        writer.close()


def _newest(lines: list[str]) -> list[str]:
    """As many of the last ones as there is room for."""
    room = _MOST_BYTES
    for place in range(len(lines) - 1, -1, -1):
        room -= len(lines[place].encode(errors="replace")) + 1
        if room < 0:
            return lines[place + 1 :]
    return lines[-_MOST_LINES:]


def _text(stacks: bytes) -> str:
    return stacks.decode(errors="replace").strip()

"""What one process of a flow leaves that tells of its death: the end of its log, and the stacks of its threads."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from pipertd.logs.tail import finish_line, last_lines
from pipertd.logs.writer import FileHandler
from pipertd.protocol import LogSpec
from pipertd.supervisor.launch import Process
from pipertd.supervisor.stacks import StacksFile, dump_stacks, fatal_thread, left_by

_MOST_LINES, _MOST_BYTES = 200, 32 * 1024
_NOTICE_LINES = 20
_STACKS_BYTES = 8 * 1024


class Evidence:
    """Of one process, from its start on; what was found is there when it is closed.

    Attributes:
        generation: which start of its flow the process is, or will be.
        stacks: of all threads, as a watchdog or a fatal signal had them written; empty where neither did.
        fatal_thread: the thread that a fatal signal struck, if its traceback is there.
    """

    def __init__(self, spec: LogSpec, stacks: StacksFile | None, pipeline: str, flow: str, generation: int) -> None:
        """Where there is no file for its stacks, the process writes them among its prints."""
        self.generation = generation
        self.stacks = ""
        self.fatal_thread: int | None = None
        self._log = Path(spec.path)
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

    def close(self, why_killed: str = "") -> None:
        """The process is dead: read what it left, and put its stacks into the log.

        What its successor writes begins on a line of its own.
        """
        finish_line(self._log)
        self._lines = last_lines(self._log, _MOST_LINES, _MOST_BYTES)
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
            writer = FileHandler(self._log, pipeline=pipeline, flow=flow, generation=self.generation, max_bytes=None)
        except OSError:  # the notice has them all the same
            return
        record = {"name": __name__, "levelno": logging.WARNING, "msg": message, "exc_text": _text(stacks)}
        writer.handle(logging.makeLogRecord(record))
        writer.close()


def _text(stacks: bytes) -> str:
    return stacks.decode(errors="replace").strip()

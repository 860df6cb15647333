"""What the log of a flow tells of the death of one process of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipertd.logs.tail import fatal_stacks, fatal_thread, finish_line, last_lines, stacks_behind, without_stacks
from pipertd.supervisor.launch import Process
from pipertd.supervisor.stacks import announce_stacks, dump_stacks, log_size

_MOST_LINES, _MOST_BYTES = 200, 32 * 1024
_NOTICE_LINES = 20


class Evidence:
    """The part of the log that is of this process; ``began`` is where it begins."""

    def __init__(self, log: Path) -> None:
        self.began = log_size(log)
        self._log = log
        self._dumped: int | None = None  # where the stacks begin that somebody asked for

    async def dump_stacks(
        self, process: Process, pipeline: str, flow: str, generation: int, reason: str, is_alive: Callable[[], bool]
    ) -> None:
        """Have the process, which is about to be killed for this reason, write the stacks of all its threads."""
        self._dumped = log_size(self._log)
        announce_stacks(self._log, pipeline, flow, generation, reason)
        await dump_stacks(process, self._log, is_alive)

    def close(self) -> None:
        """The process is dead: what its successor writes begins on a line of its own."""
        finish_line(self._log)

    def last_lines(self) -> str:
        """The end of it but for stacks, for a notice."""
        return "\n".join(without_stacks(last_lines(self._log, _MOST_LINES, _MOST_BYTES))[-_NOTICE_LINES:])

    def stacks(self) -> str:
        """The stacks of all threads as a watchdog or a fatal signal had them written; empty where neither did."""
        if self._dumped is not None:
            return stacks_behind(self._log, self._dumped)
        return fatal_stacks(self._log, self.began)

    def whole_end(self) -> str:
        """The end of it with stacks, for who looks into the death."""
        return "\n".join(last_lines(self._log, _MOST_LINES, _MOST_BYTES))

    def fatal_thread(self) -> int | None:
        """The thread that a fatal signal struck, if its traceback is there."""
        return fatal_thread(self._log, self.began)

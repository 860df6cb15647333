"""The last evidence of a flow that hangs: the stacks of all its threads, in its own log, before it is killed."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path

from pipertd.clock import monotonic_s
from pipertd.logs.writer import FileHandler
from pipertd.supervisor.launch import Process

APPEAR_S = 2.0
_HEADER = b"(most recent call first)"
_MOST_BYTES = 1024 * 1024
_POLL_S = 0.02
_QUIET_POLLS = 5


def announce_stacks(log: Path, pipeline: str, flow: str, generation: int, reason: str) -> None:
    """Write into the flow's own log why stacks follow, so that they are found at their time and place."""
    try:
        writer = FileHandler(log, pipeline=pipeline, flow=flow, generation=generation, max_bytes=None)
    except OSError:  # the notice says it all the same
        return
    record = {
        "name": __name__,
        "levelno": logging.WARNING,
        "msg": f"the stacks of all threads follow, because {reason}",
    }
    writer.handle(logging.makeLogRecord(record))
    writer.close()


async def dump_stacks(process: Process, log: Path, is_alive: Callable[[], bool]) -> None:
    """Ask for the stacks and wait until they stand in ``log``, at most twice ``APPEAR_S``.

    SIGUSR1 asks the flow's interpreter. If nothing comes, something holds the interpreter, and SIGUSR2 has C code write
    them (see ``pipertd.flow``). A process held by SIGSTOP takes the signal as it is continued.
    """
    before = log_size(log)
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        process.signal(number)
        process.signal(signal.SIGCONT)
        if await _come(log, before, is_alive):
            return


async def _come(log: Path, before: int, is_alive: Callable[[], bool]) -> bool:
    """Whether stacks stand behind ``before`` and no more is written; True too when nobody is left to write them."""
    deadline_s = monotonic_s() + APPEAR_S
    seen, quiet = before, 0
    while is_alive() and monotonic_s() < deadline_s and quiet < _QUIET_POLLS:
        await asyncio.sleep(_POLL_S)
        size = log_size(log)
        quiet = quiet + 1 if size == seen and _has_stacks(log, before) else 0
        seen = size
    return not is_alive() or _has_stacks(log, before)


def _has_stacks(log: Path, behind: int) -> bool:
    """Whether faulthandler wrote behind ``behind``; the log may have been rotated meanwhile."""
    try:
        with log.open("rb") as file:
            file.seek(min(behind, log_size(log)))
            return _HEADER in file.read(_MOST_BYTES)
    except OSError:
        return False


def log_size(path: Path) -> int:
    """Where what comes next will begin."""
    try:
        return path.stat().st_size
    except OSError:
        return 0

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
    """Ask for the stacks and wait until they stand in ``log``, at most ``APPEAR_S``.

    SIGUSR1 makes the flow's faulthandler write them, from C code, whatever holds the interpreter. A process held by
    SIGSTOP takes it as it is continued.
    """
    before = _size(log)
    process.signal(signal.SIGUSR1)
    process.signal(signal.SIGCONT)
    deadline_s = monotonic_s() + APPEAR_S
    seen, quiet = before, 0
    while is_alive() and monotonic_s() < deadline_s and quiet < _QUIET_POLLS:
        await asyncio.sleep(_POLL_S)
        size = _size(log)
        quiet = quiet + 1 if size == seen != before else 0
        seen = size


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0

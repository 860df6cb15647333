"""What a process does that a zygote forked for a flow, until it is like one that was run anew.

It has all of the zygote's memory: what it is to run, but also log handlers, exit handlers, signal handlers, and what
multiprocessing knows of a script's own children. Of these it keeps the first.
"""

from __future__ import annotations

import atexit
import io
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from pipertd.flow import authored
from pipertd.forking import Fork, renumbered
from pipertd.protocol import FlowSpec, decode_spec

_LONGEST_NAME = 15  # that the kernel keeps of a process's name


def told_spec(request: Fork, fds: list[int]) -> FlowSpec:
    """The specification, with the numbers that its descriptors have here; it is the first of them."""
    with os.fdopen(fds[0], "rb") as told:
        told.seek(0)
        spec: FlowSpec = renumbered(decode_spec(told.read()), dict(zip(request.fds, fds, strict=True)))
    return spec


def shed_parent(request: Fork) -> None:
    """Be nobody's child but by memory: no terminal, no handlers, no exit functions of the script's."""
    if sys.stdin is not None:  # else something of the script's may lie at 0
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
    os.environ |= request.environment
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if callable(signal.getsignal(number)) or number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    atexit._clear()  # noqa: SLF001 - as multiprocessing does
    authored.begin_anew()
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(line_buffering=True)  # it may be killed at any time, and others print there, too
    _name_process(request.flow)
    _sow_again()


def _name_process(flow: str) -> None:
    """As ps and top show it."""
    Path("/proc/self/comm").write_text(flow[:_LONGEST_NAME])


def _sow_again() -> None:
    """No two generations draw the same random numbers; Python sows its own generator at every fork."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


class _Child(multiprocessing.Process):
    """The process as multiprocessing sees it, so that its locks, queues and proxies work as in a child of its own."""

    def __init__(self, name: str, live: Callable[[], int]) -> None:
        super().__init__(name=name)
        self._live = live

    def run(self) -> None:
        """Called by ``_bootstrap`` when what the script registered for a fork has run."""
        raise SystemExit(self._live())


def as_child(name: str, live: Callable[[], int]) -> int:
    """The exit status of ``live``; behind it come threads and exit functions, as at the end of any Python."""
    child = _Child(name, live)
    try:
        return int(child._bootstrap())  # type: ignore[attr-defined] # noqa: SLF001 - there is no other way in
    finally:
        atexit._run_exitfuncs()  # noqa: SLF001

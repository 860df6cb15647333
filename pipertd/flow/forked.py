"""What a process does that a zygote forked for a flow, until it is like one that was run anew.

It has all of the script's memory: its routines, but also its log handlers, its exit handlers, its signal handlers, and
what multiprocessing knows of the script's own children. Of these it keeps the routines.
"""

from __future__ import annotations

import atexit
import io
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipertd.errors import LoadError
from pipertd.flow import authored
from pipertd.flow.lifetime import UNUSABLE, live
from pipertd.flow.records import handler_of
from pipertd.flow.routine import Routine
from pipertd.flow.transmitted import Change, transmitting
from pipertd.forking import Fork, renumbered
from pipertd.protocol import FlowSpec, RoutineSpec, decode_spec

_LONGEST_NAME = 15  # that the kernel keeps of a process's name


class Transmitter(Protocol):
    """What an author gives to have messages changed on their way."""

    def transmit(self) -> Change:
        """What is done to what a routine returns."""

    def receive(self) -> Change:
        """What is done to what a routine takes."""


@dataclass(frozen=True)
class Part:
    """A routine as the script made it, with the transmitters of its links."""

    routine: Routine
    transmits: Transmitter | None = None
    receives: Transmitter | None = None

    def ready(self) -> Routine:
        """The routine, to be run by its flow."""
        routine: Any = self.routine
        if self.transmits is not None:
            routine.main_logic = transmitting(routine.main_logic, self.transmits.transmit())
        if self.receives is not None:
            routine._receive = self.receives.receive()  # noqa: SLF001 - its process reads it
        return self.routine


@dataclass(frozen=True)
class Troupe:
    """What the script made: its routines by flow and name, and from which level on it wants log records."""

    parts: Mapping[tuple[str, str], Part]
    level: int

    def enter(self, request: Fork, fds: list[int]) -> int:
        """Live as the flow that is asked for; the exit status. ``fds`` are what the request's numbers stand for."""
        shed_parent(request)
        return as_child(request.flow, lambda: self._live(request, fds))

    def _live(self, request: Fork, fds: list[int]) -> int:
        spec = told_spec(request, fds)
        try:
            handler = handler_of(spec)
        except OSError as reason:
            sys.stderr.write(f"cannot run a flow: {reason}\n")
            return UNUSABLE
        root = logging.getLogger()
        root.handlers[:] = [handler]  # what the script's own handlers hold is the script's
        root.setLevel(self.level)
        return live(spec, handler, self._take, settles=request.settles)

    def _take(self, flow: FlowSpec, spec: RoutineSpec) -> Routine:
        part = self.parts.get((flow.flow, spec.name))
        if part is None:
            raise LoadError(f"cannot run {flow.flow}/{spec.name}: the pipe was built without it")
        try:
            return part.ready()
        except Exception as reason:  # the transmitter is the author's code
            raise LoadError(f"cannot run {flow.flow}/{spec.name}: {authored.in_words(reason)}") from reason


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

"""The lifetime of a flow's process, however it was started: from its gate to its exit status."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys

import msgspec

from pipertd.errors import PipertdError
from pipertd.flow.deadline import end_within
from pipertd.flow.gate import may_settle, wait_at_gate
from pipertd.flow.member import Maker
from pipertd.flow.own_logger import own_logger
from pipertd.flow.process import FlowProcess
from pipertd.flow.settle import settle
from pipertd.logs.destination import Handler
from pipertd.protocol import FlowSpec

ENDED, FAILED, UNUSABLE = 0, 1, 2
TURNED_AWAY = os.EX_TEMPFAIL
SWITCH_INTERVAL_S = 50e-6  # at Python's 5 ms one busy routine costs its neighbours 5 ms a hop
EXIT_DEADLINE_S = 10

logger = own_logger("pipertd.flow")


def live(spec: FlowSpec, log: Handler, make: Maker, *, settles: bool) -> int:
    """Run the flow to its end, or only settle what its last generation left; the exit status.

    ``make`` gives the flow's routines, when it is their turn.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    stacks = spec.stacks_fd if spec.stacks_fd >= 0 else sys.stderr.fileno()
    _write_stacks_when_asked(stacks)
    if settles:
        return _settle(spec)
    try:
        process = _make_process(spec, log, make)  # when it is its turn
    except (PipertdError, msgspec.MsgspecError) as reason:
        logger.error("%s", reason)
        return FAILED
    if process is None:
        return TURNED_AWAY
    os.register_at_fork(after_in_child=_end_at_sigterm)
    signal.signal(signal.SIGTERM, lambda *_: process.stop())
    well = process.run()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # else Python gives it back its default on the way out
    # Code of a library that never returns at exit must not hang the flow silently: it says where, and goes.
    end_within(EXIT_DEADLINE_S, stacks)
    return ENDED if well else FAILED


def _end_at_sigterm() -> None:
    """In a child that a routine forks: multiprocessing ends its daemons by that signal, and then waits for them."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _make_process(spec: FlowSpec, log: Handler, make: Maker) -> FlowProcess | None:
    chosen = wait_at_gate(spec)
    if chosen is None:
        return None
    log.set_generation(chosen.generation)
    return FlowProcess(chosen, log.tend, make)


def _settle(spec: FlowSpec) -> int:
    if not may_settle(spec):
        return TURNED_AWAY
    try:
        settle(spec)
    except PipertdError as reason:
        logger.error("cannot settle what %s/%s left: %s", spec.pipeline, spec.flow, reason)
        return FAILED
    return ENDED


def _write_stacks_when_asked(fd: int) -> None:
    """SIGUSR1 has the stacks of all threads written by Python, SIGUSR2 and fatal signals by C code.

    faulthandler's own signal handler reads the frames of threads that run meanwhile, and may crash over it; here it is
    called by the main thread, which holds the interpreter, so that they stand still. Where that thread cannot come to
    it, the interpreter is held by somebody who does not let go, and then C code may read all frames too.
    """
    faulthandler.enable(fd, all_threads=True)
    faulthandler.register(signal.SIGUSR2, fd, all_threads=True)
    signal.signal(signal.SIGUSR1, lambda *_: faulthandler.dump_traceback(fd, all_threads=True))

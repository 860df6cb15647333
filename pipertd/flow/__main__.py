"""``python -m pipertd.flow [--settle] PIPELINE/FLOW DESCRIPTOR``: one flow, as the supervisor starts it.

``--settle`` runs nothing of it, but settles what its last generation left.

Exit status: 0 every routine ended or stopped cleanly, 1 a routine failed, 2 the specification cannot be used, 75 the
daemon did not let it in.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import sys

import msgspec

from pipertd.errors import PipertdError
from pipertd.flow.gate import may_settle, wait_at_gate
from pipertd.flow.own_logger import own_logger
from pipertd.flow.process import ROUTINE_LOGGER, ROUTINE_THREAD, FlowProcess
from pipertd.flow.settle import settle
from pipertd.logs.destination import Handler, flow_handler
from pipertd.logs.printed import take_prints
from pipertd.protocol import FlowSpec, decode_spec

ENDED, FAILED, UNUSABLE = 0, 1, 2
TURNED_AWAY = os.EX_TEMPFAIL
SWITCH_INTERVAL_S = 50e-6  # at Python's 5 ms one busy routine costs its neighbours 5 ms a hop
EXIT_DEADLINE_S = 10

logger = own_logger("pipertd.flow")


def main(arguments: list[str]) -> int:
    """Run, or settle, the flow that the descriptor's specification tells of."""
    only_settles = arguments[:1] == ["--settle"]
    try:
        spec = _read_spec(int(arguments[2 if only_settles else 1]))
    except (IndexError, ValueError, OSError, msgspec.MsgspecError) as reason:
        print(f"cannot run a flow: {reason}; flows are started by pipertd", file=sys.stderr)
        return UNUSABLE
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    stacks = spec.stacks_fd if spec.stacks_fd >= 0 else sys.stderr.fileno()
    _write_stacks_when_asked(stacks)
    log = _log_as_told(spec)
    if only_settles:
        return _settle(spec)
    try:
        process = _make_process(spec, log)  # when it is its turn
    except (PipertdError, msgspec.MsgspecError) as reason:
        logger.error("%s", reason)
        return FAILED
    if process is None:
        return TURNED_AWAY
    signal.signal(signal.SIGTERM, lambda *_: process.stop())
    well = process.run()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # else Python gives it back its default on the way out
    # Code of a library that never returns at exit must not hang the flow silently: it says where, and goes.
    faulthandler.dump_traceback_later(EXIT_DEADLINE_S, exit=True, file=stacks)
    return ENDED if well else FAILED


def _make_process(spec: FlowSpec, log: Handler) -> FlowProcess | None:
    chosen = wait_at_gate(spec)
    if chosen is None:
        return None
    log.set_generation(chosen.generation)
    return FlowProcess(chosen, log.tend)


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


def _read_spec(fd: int) -> FlowSpec:
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        return decode_spec(file.read())


def _log_as_told(spec: FlowSpec) -> Handler:
    """Every record goes to one place: a routine's by its logger, or else by the thread that it was logged on."""
    routines = {routine.name for routine in spec.routines}

    def name_routine(record: logging.LogRecord) -> bool:
        by_logger = record.name.removeprefix(ROUTINE_LOGGER)
        record.routine = next((name for name in (by_logger, _routine_of_thread(record)) if name in routines), "")
        return True

    writer = flow_handler(spec.log, pipeline=spec.pipeline, flow=spec.flow, generation=spec.generation)
    writer.addFilter(name_routine)
    logging.basicConfig(level=logging.INFO, handlers=[writer])
    take_prints(writer.prints)
    return writer


def _routine_of_thread(record: logging.LogRecord) -> str:
    return (record.threadName or "").removeprefix(ROUTINE_THREAD)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

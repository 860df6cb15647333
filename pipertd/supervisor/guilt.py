"""Whose fault a flow's death is: the routine whose message is charged with it. Pure: facts in, a name out.

Only clear evidence counts, for an innocent message must not end in quarantine: a fatal signal in the routine's own
thread, its missed deadline, or a process that ended by itself while it was the only routine at work. Nobody is charged
with a signal from outside, SIGKILL above all.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping

from pipertd.shm.status import Activity, RoutineFacts
from pipertd.supervisor.restart import Ending
from pipertd.supervisor.watch import Deadline, Expiry

_FAULTS = {
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGSEGV,
    signal.SIGSYS,
    signal.SIGTRAP,
    signal.SIGXCPU,
}
_IN_MAIN_LOGIC = (Activity.WORKING, Activity.DECLARED)


def guilty_routine(
    ending: Ending,
    facts: Mapping[str, RoutineFacts],
    generation: int,
    *,
    expiry: Expiry | None = None,
    fatal_thread: int | None = None,
) -> str:
    """The routine's name; empty where nobody's guilt is clear.

    Args:
        ending: how the process ended.
        facts: the status of every routine of the flow, as it was at death.
        generation: which generation died; a status of an earlier one proves nothing.
        expiry: the deadline for which the supervisor killed it.
        fatal_thread: the thread that a fatal signal struck, if its traceback names one.
    """
    at_work = {
        name: fact for name, fact in facts.items() if fact.generation == generation and fact.activity in _IN_MAIN_LOGIC
    }
    if expiry is not None:
        return expiry.routine if expiry.deadline is Deadline.PROGRESS and expiry.routine in at_work else ""
    if not _ended_by_itself(ending, fatal_thread):
        return ""
    struck = [name for name, fact in facts.items() if fatal_thread is not None and fact.thread == fatal_thread]
    if struck:
        return struck[0] if struck[0] in at_work else ""
    return next(iter(at_work)) if len(at_work) == 1 else ""


def _ended_by_itself(ending: Ending, fatal_thread: int | None) -> bool:
    if not ending.seen:
        return fatal_thread is not None
    return ending.code != 0 if ending.signal is None else ending.signal in _FAULTS

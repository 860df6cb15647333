"""One death of a flow: how its process ended, what that is called, whose fault it was, and what follows."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass

from pipertd.clock import monotonic_s
from pipertd.protocol import Charge
from pipertd.shm.status import Activity, RoutineFacts
from pipertd.supervisor import watch
from pipertd.supervisor.adopted import last_words
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.generation import Generation
from pipertd.supervisor.guilt import guilty_routine
from pipertd.supervisor.restart import Ending, Restarts, Verdict

_MOST_SAID = 200  # characters of a routine's last error: a reason is read in a table


@dataclass(frozen=True)
class Death:
    """What is known of it.

    Attributes:
        pid: of the process.
        generation: which start of the flow it was.
        let_in: whether it came in by its gate, and was told of the death before it.
        ending: how the process ended.
        name: what that is called; None where it is no failure.
        guilty: the routine whose message is charged with it; empty where nobody's guilt is clear.
        verdict: what follows.
        reason: why, in words.
        log: the last lines of its log, where it failed.
        stacks: those of its threads, where there are some and it failed.
        charge: what its successor is told of it, where a message is charged with it.
    """

    pid: int
    generation: int
    let_in: bool
    ending: Ending
    name: Failure | None
    guilty: str
    verdict: Verdict
    reason: str
    log: str
    stacks: str
    charge: Charge | None


def judge_death(
    dead: Generation, ending: Ending, facts: Mapping[str, RoutineFacts], restarts: Restarts, *, wanted: bool
) -> Death:
    """What to make of the end of a process that is buried by now.

    Args:
        dead: the process, as it was watched.
        ending: how it ended, as far as the kernel told.
        facts: what its routines said last.
        restarts: decides what follows, and remembers it.
        wanted: whether an operator still wants the flow up.
    """
    number, now_s = dead.number, monotonic_s()
    ending = last_words(ending, facts, number)
    as_asked = dead.cut or ending.signal == signal.SIGTERM  # whoever still imports hears nothing but the signal
    failure = None if as_asked and not wanted else dead.failure or ending.failure
    let_in = not dead.is_adopted or watch.has_begun(facts, number)
    verdict = restarts.judge(
        ending,
        failure=failure,
        wanted=wanted,
        ended=watch.has_ended(facts, number),
        ran_s=now_s - dead.ready_s if dead.ready_s is not None else 0.0,
        now_s=now_s,
        let_in=let_in,
    )
    guilty = guilty_routine(ending, facts, number, expiry=dead.expiry, fatal_thread=dead.evidence.fatal_thread)
    reason = f"{verdict.reason} ({dead.why_killed})" if dead.why_killed else verdict.reason
    if ending.failure is Failure.EXITED and (said := last_error(facts, number)):
        reason = f"{reason}; {said}"
    return Death(
        pid=dead.pid,
        generation=number,
        let_in=let_in,
        ending=ending,
        name=failure or verdict.failure,
        guilty=guilty,
        verdict=verdict,
        reason=reason,
        log=dead.evidence.last_lines() if verdict.failure else "",
        stacks=dead.evidence.stacks if failure else "",
        charge=Charge(routine=guilty, reason=reason, log=dead.evidence.whole_end()) if guilty else None,
    )


def last_error(facts: Mapping[str, RoutineFacts], generation: int) -> str:
    """The last error of the routine that a flow ended over, in one line; empty where it is not clear which one that is.

    It is the one that failed; or the only one that never came to its end, which is how one looks that called
    ``sys.exit``.
    """
    present = {name: fact for name, fact in facts.items() if fact.generation == generation}
    failed = [name for name, fact in present.items() if fact.activity is Activity.FAILED]
    unfinished = [name for name, fact in present.items() if not fact.activity.over]
    name, *others = failed or unfinished or [""]
    if not name or not present[name].error or (others and not failed):
        return ""
    text = " ".join(present[name].error.split())
    return f"last error of {name}: {text if len(text) <= _MOST_SAID else f'{text[:_MOST_SAID]}…'}"

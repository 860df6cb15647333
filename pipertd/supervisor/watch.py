"""The watchdogs: which routine missed which deadline, by its status page. Pure: facts and times in, a finding out.

A routine that works or waits honestly renews its heartbeat at least once a second, so silence means that it hangs, or
that its whole process was stopped. `with self.waiting()` is a declared block and never expires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipertd.definition.model import Watchdog
from pipertd.shm.status import Activity, RoutineFacts
from pipertd.supervisor.failure import Failure

_NOT_BEGUN = (Activity.NONE, Activity.BEGINNING)
_BEFORE_WORK = (*_NOT_BEGUN, Activity.SETUP, Activity.DECLARED_IN_SETUP)
_AT_WORK = (
    Activity.WORKING,
    Activity.HANDLING,
    Activity.IDLE,
    Activity.BLOCKED,
    Activity.PAUSED,
    Activity.AWAITS_DONE,
)


class Deadline(StrEnum):
    """The three watchdogs of a routine."""

    START = "start"
    PROGRESS = "progress"
    STOP = "stop"


@dataclass(frozen=True)
class Expiry:
    """A deadline that was missed; an empty ``routine`` is the whole flow."""

    routine: str
    deadline: Deadline
    allowed_s: float
    silent_s: float

    @property
    def failure(self) -> Failure:
        """The name of a death that comes of it."""
        return Failure(f"{self.deadline}_deadline")

    def __str__(self) -> str:
        what = {
            Deadline.START: "is not set up",
            Deadline.PROGRESS: "shows no progress",
            Deadline.STOP: "does not end",
        }[self.deadline]
        who = f"routine {self.routine}" if self.routine else "the flow"
        return f"{who} {what} after {self.silent_s:.1f} s, its {self.deadline} watchdog allows {self.allowed_s:g} s"


def is_ready(facts: Mapping[str, RoutineFacts], generation: int) -> bool:
    """Whether every routine of this generation is set up; one that failed may have done so in ``setup``."""
    no = (*_BEFORE_WORK, Activity.FAILED)
    return all(fact.generation == generation and fact.activity not in no for fact in facts.values())


def has_ended(facts: Mapping[str, RoutineFacts], generation: int) -> bool:
    """Whether every routine of this generation came to the end of its stream."""
    return all(fact.generation == generation and fact.activity is Activity.ENDED for fact in facts.values())


def has_begun(facts: Mapping[str, RoutineFacts], generation: int) -> bool:
    """Whether a routine of this generation ever said a word: it came in by its gate."""
    return any(fact.generation == generation for fact in facts.values())


def find_expiry(
    facts: Mapping[str, RoutineFacts], generation: int, rule: Watchdog, *, launched_s: float, now_s: float
) -> Expiry | None:
    """The first routine that missed a deadline; None while all is well.

    Args:
        facts: every routine's status page; pages of earlier generations count as not begun.
        generation: the one that runs.
        rule: the flow's deadlines.
        launched_s: when the process was started.
        now_s: the monotonic time.
    """
    for name, fact in facts.items():
        expiry = _routine_expiry(name, fact, generation, rule, launched_s, now_s)
        if expiry is not None:
            return expiry
    if facts and all(fact.generation == generation and fact.activity.over for fact in facts.values()):
        over_s = now_s - max(fact.since_s for fact in facts.values())
        if over_s > rule.stop_s:
            return Expiry("", Deadline.STOP, rule.stop_s, over_s)
    return None


def find_stop_expiry(
    facts: Mapping[str, RoutineFacts], generation: int, rule: Watchdog, *, asked_s: float, now_s: float
) -> Expiry | None:
    """Who keeps a flow that was asked to stop at ``asked_s`` from ending; None before its deadline."""
    silent_s = now_s - asked_s
    if silent_s <= rule.stop_s:
        return None
    late = [
        name
        for name, fact in facts.items()
        if fact.generation == generation and fact.activity not in _NOT_BEGUN and not fact.activity.over
    ]
    return Expiry(late[0] if late else "", Deadline.STOP, rule.stop_s, silent_s)


def _routine_expiry(
    name: str, fact: RoutineFacts, generation: int, rule: Watchdog, launched_s: float, now_s: float
) -> Expiry | None:
    if fact.generation != generation or fact.activity in _NOT_BEGUN:
        since_s, deadline, allowed_s = launched_s, Deadline.START, rule.start_s
    elif fact.activity is Activity.SETUP:
        since_s, deadline, allowed_s = fact.since_s, Deadline.START, rule.start_s
    elif fact.activity in _AT_WORK:
        since_s, deadline, allowed_s = fact.heartbeat_s, Deadline.PROGRESS, rule.progress_s
    elif fact.activity is Activity.CLEANUP:
        since_s, deadline, allowed_s = fact.since_s, Deadline.STOP, rule.stop_s
    else:
        return None
    silent_s = now_s - since_s
    return Expiry(name, deadline, allowed_s, silent_s) if silent_s > allowed_s else None

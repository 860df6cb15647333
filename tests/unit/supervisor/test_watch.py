"""The watchdogs' rule, on made-up status pages."""

from __future__ import annotations

import pytest

from pipertd.definition.model import Watchdog
from pipertd.shm.status import Activity, RoutineFacts
from pipertd.supervisor.watch import Deadline, Expiry, find_expiry, find_stop_expiry, has_ended, is_ready

RULE = Watchdog(start_s=60.0, progress_s=5.0, stop_s=10.0)
NOW_S = 1000.0


def fact(
    activity: Activity, *, since_s: float = NOW_S, heartbeat_s: float = NOW_S, generation: int = 2
) -> RoutineFacts:
    return RoutineFacts("source", activity, since_s, heartbeat_s, generation, 0, 0, 0, 0.0, 0.0, (), "")


def expiry(*facts: RoutineFacts, launched_s: float = NOW_S) -> Expiry | None:
    pages = {f"r{number}": one for number, one in enumerate(facts)}
    return find_expiry(pages, 2, RULE, launched_s=launched_s, now_s=NOW_S)


@pytest.mark.parametrize("activity", [Activity.WORKING, Activity.IDLE, Activity.BLOCKED, Activity.PAUSED])
def test_silence_at_work_is_no_progress(activity: Activity) -> None:
    """A heartbeat older than the progress deadline is a hang, in whatever the routine does."""
    found = expiry(fact(activity, since_s=0.0, heartbeat_s=NOW_S - 5.1))
    assert found is not None and found.deadline is Deadline.PROGRESS
    assert expiry(fact(activity, since_s=0.0, heartbeat_s=NOW_S - 4.9)) is None


def test_declared_block_never_expires() -> None:
    """Inside `with self.waiting()` a routine may block for as long as it likes."""
    assert expiry(fact(Activity.DECLARED, since_s=0.0, heartbeat_s=0.0)) is None


def test_setup_has_its_own_deadline() -> None:
    """Loading a model may take longer than a step."""
    assert expiry(fact(Activity.SETUP, since_s=NOW_S - 59)) is None
    found = expiry(fact(Activity.SETUP, since_s=NOW_S - 61))
    assert found is not None and found.deadline is Deadline.START


def test_process_that_never_says_anything_is_noticed() -> None:
    """A page of an earlier generation is no sign of life of this one."""
    found = expiry(fact(Activity.WORKING, generation=1), launched_s=NOW_S - 61)
    assert found is not None and found.deadline is Deadline.START


def test_a_generation_that_begins_is_not_what_the_last_one_was() -> None:
    """While it puts right what was left it is neither ready nor over, and has the start deadline."""
    beginning = fact(Activity.BEGINNING, since_s=NOW_S - 30)
    assert not is_ready({"a": beginning}, 2)
    assert expiry(beginning, launched_s=NOW_S - 30) is None
    found = expiry(beginning, launched_s=NOW_S - 61)
    assert found is not None and found.deadline is Deadline.START


def test_cleanup_has_the_stop_deadline() -> None:
    """A cleanup that hangs is found, though the heartbeat rule does not apply to it."""
    found = expiry(fact(Activity.CLEANUP, since_s=NOW_S - 11))
    assert found is not None and found.deadline is Deadline.STOP


def test_process_that_outlives_its_routines_is_noticed() -> None:
    """When every routine is over, the process has the stop deadline to end."""
    found = expiry(fact(Activity.ENDED, since_s=NOW_S - 30), fact(Activity.ENDED, since_s=NOW_S - 11))
    assert found is not None and (found.routine, found.deadline) == ("", Deadline.STOP)
    assert expiry(fact(Activity.ENDED, since_s=NOW_S - 30), fact(Activity.IDLE)) is None


def test_expiry_names_the_routine_and_the_times() -> None:
    """A person reads who hung, for how long, and what was allowed."""
    found = expiry(fact(Activity.IDLE), fact(Activity.WORKING, since_s=0.0, heartbeat_s=NOW_S - 7.25))
    assert str(found) == "routine r1 shows no progress after 7.2 s, its progress watchdog allows 5 s"


def test_stop_names_who_is_late() -> None:
    """A flow that does not stop in time is blamed on the routine that still runs."""
    pages = {"a": fact(Activity.STOPPED), "b": fact(Activity.WORKING)}
    assert find_stop_expiry(pages, 2, RULE, asked_s=NOW_S - 9, now_s=NOW_S) is None
    found = find_stop_expiry(pages, 2, RULE, asked_s=NOW_S - 11, now_s=NOW_S)
    assert found is not None and found.routine == "b"


def test_ready_and_ended_need_every_routine_of_this_generation() -> None:
    """One routine in setup, or one page of yesterday, is enough for no."""
    assert is_ready({"a": fact(Activity.IDLE), "b": fact(Activity.DECLARED)}, 2)
    assert not is_ready({"a": fact(Activity.IDLE), "b": fact(Activity.SETUP)}, 2)
    assert not is_ready({"a": fact(Activity.IDLE), "b": fact(Activity.FAILED)}, 2)  # perhaps in setup
    assert not is_ready({"a": fact(Activity.IDLE, generation=1)}, 2)
    assert has_ended({"a": fact(Activity.ENDED)}, 2)
    assert not has_ended({"a": fact(Activity.ENDED), "b": fact(Activity.STOPPED)}, 2)

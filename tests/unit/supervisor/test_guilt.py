"""Whose fault a death is, on made-up status pages in a table."""

from __future__ import annotations

import signal

import pytest

from pipertd.shm.status import Activity, RoutineFacts
from pipertd.supervisor.guilt import guilty_routine
from pipertd.supervisor.restart import Ending
from pipertd.supervisor.watch import Deadline, Expiry

ABORTED = Ending(-signal.SIGABRT, signal.SIGABRT)
KILLED = Ending(-signal.SIGKILL, signal.SIGKILL)


def fact(activity: Activity, thread: int, generation: int = 2) -> RoutineFacts:
    return RoutineFacts("middle", activity, 0.0, 0.0, generation, thread, 0, 0, 0.0, 0.0, (), "")


def guilty(
    ending: Ending,
    *activities: Activity,
    expiry: Expiry | None = None,
    fatal: int | None = None,
    generation: int = 2,
) -> str:
    """The guilty one of the routines r1, r2 and so on, whose threads are 1, 2 and so on."""
    facts = {f"r{number}": fact(each, number, generation) for number, each in enumerate(activities, 1)}
    return guilty_routine(ending, facts, 2, expiry=expiry, fatal_thread=fatal)


def test_the_struck_thread_is_guilty() -> None:
    """Of several routines at work the one whose thread the signal struck is charged."""
    assert guilty(ABORTED, Activity.WORKING, Activity.WORKING, fatal=2) == "r2"
    assert guilty(ABORTED, Activity.DECLARED, Activity.WORKING, fatal=1) == "r1"


def test_without_a_thread_only_a_lone_worker_is_guilty() -> None:
    """A process that ends by itself charges the only routine at work, and nobody where there are two or none."""
    assert guilty(Ending(3), Activity.WORKING, Activity.IDLE) == "r1"
    assert guilty(ABORTED, Activity.WORKING, Activity.IDLE, fatal=99) == "r1"
    assert guilty(Ending(3), Activity.WORKING, Activity.WORKING) == ""
    assert guilty(Ending(3), Activity.SETUP, Activity.IDLE) == ""
    assert guilty(ABORTED, Activity.SETUP, Activity.WORKING, fatal=1) == ""


@pytest.mark.parametrize("ending", [KILLED, Ending(-signal.SIGTERM, signal.SIGTERM), Ending(0)])
def test_a_signal_from_outside_charges_nobody(ending: Ending) -> None:
    """SIGKILL, SIGTERM and a clean end are no routine's fault, whoever was at work."""
    assert guilty(ending, Activity.WORKING, fatal=1) == ""


def test_a_missed_deadline_charges_who_missed_it() -> None:
    """Only progress, and only at work: a setup or a stop that hangs is not the message's fault."""
    progress = Expiry("r1", Deadline.PROGRESS, 1.0, 2.0)
    assert guilty(KILLED, Activity.WORKING, Activity.WORKING, expiry=progress) == "r1"
    assert guilty(KILLED, Activity.IDLE, Activity.WORKING, expiry=progress) == ""
    assert guilty(KILLED, Activity.WORKING, expiry=Expiry("r1", Deadline.STOP, 1.0, 2.0)) == ""


def test_a_status_of_an_earlier_generation_proves_nothing() -> None:
    """A process that died before its routines ran finds the words of its predecessor, which says nothing of it."""
    assert guilty(Ending(3), Activity.WORKING, generation=1) == ""
    assert guilty(ABORTED, Activity.WORKING, fatal=1, generation=1) == ""

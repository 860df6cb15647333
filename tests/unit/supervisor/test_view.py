"""The records that people see."""

from __future__ import annotations

from pipertd.supervisor.view import State, worst


def test_worst_state_is_shown() -> None:
    """What needs somebody is shown before what goes its way; only where all are at their end, that is shown."""
    assert [worst([state]) for state in State] == list(State)
    assert worst(State) is State.FAILED
    assert worst([State.RUNNING, State.STOPPED, State.EXITED]) is State.RUNNING
    assert worst([State.EXITED, State.STOPPED]) is State.STOPPED

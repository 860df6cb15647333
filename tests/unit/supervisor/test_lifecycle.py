"""The lifecycle's table: each pair of state and input is decided, and what it leads to."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from pipertd.supervisor.lifecycle import IGNORED, REFUSED, TABLE, Action, Input, Step, diagram, step
from pipertd.supervisor.view import State

DEATHS = (Input.DIED_AS_ASKED, Input.DIED_AT_THE_END, Input.DIED_TO_RETURN, Input.DIED_FOR_GOOD)
ALIVE = (State.STARTING, State.RUNNING, State.STOPPING, State.KILLING)
AT_REST = (State.STOPPED, State.EXITED, State.FAILED)


def walk(state: State, *inputs: Input) -> State:
    for happened in inputs:
        found = step(state, happened)
        state = found.state if found else state
    return state


@pytest.mark.parametrize(
    ("state", "happened", "then"),
    [
        (State.STOPPED, Input.START, Step(State.STARTING, (Action.LAUNCH,))),
        (State.EXITED, Input.START, Step(State.STARTING, (Action.LAUNCH,))),
        (State.FAILED, Input.START, Step(State.STARTING, (Action.LAUNCH,))),
        (State.STARTING, Input.READY, Step(State.RUNNING)),
        (State.STARTING, Input.LAUNCH_FAILED, Step(State.FAILED)),
        (State.STARTING, Input.EXPIRED, Step(State.KILLING, (Action.DUMP_STACKS_AND_KILL,))),
        (State.RUNNING, Input.EXPIRED, Step(State.KILLING, (Action.DUMP_STACKS_AND_KILL,))),
        (State.RUNNING, Input.STOP, Step(State.STOPPING, (Action.ASK_TO_STOP,))),
        (State.RUNNING, Input.STOP_NOW, Step(State.KILLING, (Action.KILL,))),
        (State.RUNNING, Input.DIED_AT_THE_END, Step(State.EXITED)),
        (State.RUNNING, Input.DIED_TO_RETURN, Step(State.BACKING_OFF, (Action.ARM_BACKOFF,))),
        (State.RUNNING, Input.DIED_FOR_GOOD, Step(State.FAILED)),
        (State.STOPPING, Input.EXPIRED, Step(State.KILLING, (Action.DUMP_STACKS_AND_KILL,))),
        (State.STOPPING, Input.STOP_NOW, Step(State.KILLING, (Action.KILL,))),
        (State.STOPPING, Input.DIED_AS_ASKED, Step(State.STOPPED)),
        (State.KILLING, Input.DIED_AS_ASKED, Step(State.STOPPED)),
        (State.KILLING, Input.DIED_TO_RETURN, Step(State.BACKING_OFF, (Action.ARM_BACKOFF,))),
        (State.BACKING_OFF, Input.BACKOFF_OVER, Step(State.STARTING, (Action.LAUNCH,))),
        (State.BACKING_OFF, Input.STOP, Step(State.STOPPED, (Action.CANCEL_BACKOFF,))),
        (State.BACKING_OFF, Input.STOP_NOW, Step(State.STOPPED, (Action.CANCEL_BACKOFF,))),
        (State.BACKING_OFF, Input.START, Step(State.STARTING, (Action.CANCEL_BACKOFF, Action.LAUNCH))),
    ],
)
def test_step(state: State, happened: Input, then: Step) -> None:
    """Each row of the table leads where the design says."""
    assert step(state, happened) == then


@pytest.mark.parametrize("state", list(State))
def test_operator_is_never_left_without_an_answer(state: State) -> None:
    """START, STOP and STOP_NOW are decided in every state: done, done already, or refused."""
    for happened in (Input.START, Input.STOP, Input.STOP_NOW):
        assert happened in TABLE[state] or (state, happened) in IGNORED | REFUSED


@pytest.mark.parametrize(("state", "death"), list(product(ALIVE, DEATHS)))
def test_death_is_taken_in_every_state_with_a_process(state: State, death: Input) -> None:
    """Whatever a flow is doing, its death leads to rest or to a backoff."""
    found = step(state, death)
    assert found is not None and found.state in (*AT_REST, State.BACKING_OFF)


@pytest.mark.parametrize("state", [*AT_REST, State.BACKING_OFF])
def test_death_without_a_process_is_a_mistake(state: State) -> None:
    """What cannot happen is not swallowed."""
    with pytest.raises(ValueError, match="cannot died"):
        step(state, Input.DIED_TO_RETURN)


def test_start_is_refused_while_stopping() -> None:
    """A flow on its way down is not called back half-way."""
    for state in (State.STOPPING, State.KILLING):
        with pytest.raises(ValueError, match="cannot start"):
            step(state, Input.START)


def test_launch_only_without_a_process() -> None:
    """Two processes of one flow never live at once: LAUNCH leaves only states that have none."""
    for state, row in TABLE.items():
        for found in row.values():
            assert Action.LAUNCH not in found.actions or state not in ALIVE


def test_every_state_can_be_reached_and_left() -> None:
    """No state is unreachable, and none but by rest is an end."""
    reached = {found.state for row in TABLE.values() for found in row.values()}
    assert reached == set(State)
    assert all(TABLE[state] for state in State)


def test_stop_of_a_hung_flow_ends_stopped() -> None:
    """A flow that was stopped on purpose is not restarted, however it had to be brought down."""
    inputs = (Input.START, Input.READY, Input.STOP, Input.EXPIRED, Input.STOP, Input.DIED_AS_ASKED)
    assert walk(State.STOPPED, *inputs) is State.STOPPED


def test_diagram_shows_every_row() -> None:
    """The generated diagram leaves nothing out."""
    assert diagram().count("-->") == 1 + sum(map(len, TABLE.values()))


def test_docs_show_the_table() -> None:
    """The diagram in the docs is the table of this version."""
    page = Path(__file__).parents[3] / "docs" / "supervision.md"
    assert f"```mermaid\n{diagram()}```" in page.read_text()

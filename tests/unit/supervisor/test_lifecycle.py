"""The lifecycle's table: every pair of state and input is decided here by hand, and compared with the code."""

from __future__ import annotations

from itertools import product

import pytest

from pipertd.supervisor.lifecycle import IGNORED, REFUSED, TABLE, Action, Input, Step, step
from pipertd.supervisor.view import State

DEATHS = (Input.DIED_AS_ASKED, Input.DIED_AT_THE_END, Input.DIED_TO_RETURN, Input.DIED_FOR_GOOD)
ALIVE = (State.STARTING, State.RUNNING, State.STOPPING, State.KILLING)
AT_REST = (State.STOPPED, State.EXITED, State.FAILED)

# What each input does in each state. "-" is ignored, "refused" is an operator's wish that cannot be met, "never" is a
# mistake of the supervisor; any other word is one of STEPS.
LAW = """
                               STOPPED  STARTING  RUNNING  STOPPING  KILLING  BACKING_OFF  EXITED  FAILED
start                          launch   -         -        refused   refused  at-once      launch  launch
stop                           -        ask       ask      -         -        give-up      -       -
stop now                       -        kill      kill     kill      -        give-up      -       -
launch failed                  never    failed    never    never     never    never        never   never
launch put off                 never    wait      never    never     never    never        never   never
ready                          never    running   -        -         -        never        never   never
deadline expired               never    dump      dump     dump      -        never        never   never
backoff over                   never    never     never    never     never    launch       never   never
died as asked                  never    stopped   stopped  stopped   stopped  never        never   never
died at the end of its stream  never    exited    exited   exited    exited   never        never   never
died, to be restarted          never    wait      wait     wait      wait     never        never   never
died for good                  never    failed    failed   failed    failed   never        never   never
"""
STEPS = {
    "launch": Step(State.STARTING, (Action.LAUNCH,)),
    "at-once": Step(State.STARTING, (Action.CANCEL_BACKOFF, Action.LAUNCH)),
    "running": Step(State.RUNNING),
    "ask": Step(State.STOPPING, (Action.ASK_TO_STOP,)),
    "kill": Step(State.KILLING, (Action.KILL,)),
    "dump": Step(State.KILLING, (Action.DUMP_STACKS_AND_KILL,)),
    "wait": Step(State.BACKING_OFF, (Action.ARM_BACKOFF,)),
    "give-up": Step(State.STOPPED, (Action.CANCEL_BACKOFF,)),
    "stopped": Step(State.STOPPED),
    "exited": Step(State.EXITED),
    "failed": Step(State.FAILED),
}


def law() -> dict[tuple[State, Input], str]:
    """LAW by its pairs."""
    columns, *rows = LAW.strip("\n").splitlines()
    states = columns.split()
    cells = {}
    for row in rows:
        happened, decisions = row[:31].strip(), row[31:].split()
        cells.update({(State(state), Input(happened)): cell for state, cell in zip(states, decisions, strict=True)})
    return cells


def walk(state: State, *inputs: Input) -> State:
    for happened in inputs:
        found = step(state, happened)
        state = found.state if found else state
    return state


@pytest.mark.parametrize(("state", "happened"), list(product(State, Input)))
def test_every_pair_is_decided(state: State, happened: Input) -> None:
    """What happens in a state leads where the law says with the actions it says, or changes nothing, or is an error."""
    decided = law()[state, happened]
    if decided in STEPS:
        assert step(state, happened) == STEPS[decided]
    elif decided == "-":
        assert step(state, happened) is None
    else:
        with pytest.raises(ValueError, match=f"cannot {happened} in {state}"):
            step(state, happened)
        assert ((state, happened) in REFUSED) is (decided == "refused")


def test_the_code_decides_no_pair_twice() -> None:
    """A pair is a step, ignored or refused; none is two of these."""
    steps = {(state, happened) for state, row in TABLE.items() for happened in row}
    assert not steps & IGNORED and not steps & REFUSED and not IGNORED & REFUSED


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

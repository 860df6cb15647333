"""The lifecycle of a flow as a pure table: state and input → state + actions. No clock, no process, no I/O.

What is not in the table is either ignored on purpose (a fact that came too late), refused (an operator's wish that
cannot be met now), or a mistake in the supervisor.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from pipertd.supervisor.view import State


class Input(StrEnum):
    """What can happen to a flow. The four ways to have died are told apart by the restart rule."""

    START = "start"
    STOP = "stop"
    STOP_NOW = "stop now"
    LAUNCH_FAILED = "launch failed"
    LAUNCH_PUT_OFF = "launch put off"
    READY = "ready"
    EXPIRED = "deadline expired"
    BACKOFF_OVER = "backoff over"
    DIED_AS_ASKED = "died as asked"
    DIED_AT_THE_END = "died at the end of its stream"
    DIED_TO_RETURN = "died, to be restarted"
    DIED_FOR_GOOD = "died for good"


class Action(StrEnum):
    """What the supervisor then does."""

    LAUNCH = "launch"
    ASK_TO_STOP = "ask to stop"
    DUMP_STACKS_AND_KILL = "dump stacks and kill"
    KILL = "kill"
    ARM_BACKOFF = "arm backoff"
    CANCEL_BACKOFF = "cancel backoff"


class Step(NamedTuple):
    """Where a flow goes and what is done on the way."""

    state: State
    actions: tuple[Action, ...] = ()


_DIED = {
    Input.DIED_AT_THE_END: Step(State.EXITED),
    Input.DIED_TO_RETURN: Step(State.BACKING_OFF, (Action.ARM_BACKOFF,)),
    Input.DIED_FOR_GOOD: Step(State.FAILED),
    Input.DIED_AS_ASKED: Step(State.STOPPED),
}
_ALIVE = {
    Input.STOP: Step(State.STOPPING, (Action.ASK_TO_STOP,)),
    Input.STOP_NOW: Step(State.KILLING, (Action.KILL,)),
    Input.EXPIRED: Step(State.KILLING, (Action.DUMP_STACKS_AND_KILL,)),
    **_DIED,
}
_AT_REST = {Input.START: Step(State.STARTING, (Action.LAUNCH,))}

TABLE: dict[State, dict[Input, Step]] = {
    State.STOPPED: _AT_REST,
    State.EXITED: _AT_REST,
    State.FAILED: _AT_REST,
    State.STARTING: {
        Input.READY: Step(State.RUNNING),
        Input.LAUNCH_FAILED: Step(State.FAILED),
        Input.LAUNCH_PUT_OFF: Step(State.BACKING_OFF, (Action.ARM_BACKOFF,)),
        **_ALIVE,
    },
    State.RUNNING: _ALIVE,
    State.STOPPING: {key: step for key, step in _ALIVE.items() if key is not Input.STOP},
    State.KILLING: _DIED,
    State.BACKING_OFF: {
        Input.BACKOFF_OVER: Step(State.STARTING, (Action.LAUNCH,)),
        Input.START: Step(State.STARTING, (Action.CANCEL_BACKOFF, Action.LAUNCH)),
        Input.STOP: Step(State.STOPPED, (Action.CANCEL_BACKOFF,)),
        Input.STOP_NOW: Step(State.STOPPED, (Action.CANCEL_BACKOFF,)),
    },
}

REFUSED = {(State.STOPPING, Input.START), (State.KILLING, Input.START)}

# Wishes that are fulfilled already, and facts that a later one has overtaken.
IGNORED = {
    *((state, Input.STOP) for state in (State.STOPPED, State.EXITED, State.FAILED, State.STOPPING, State.KILLING)),
    *((state, Input.STOP_NOW) for state in (State.STOPPED, State.EXITED, State.FAILED, State.KILLING)),
    *((state, Input.START) for state in (State.STARTING, State.RUNNING)),
    *((state, Input.READY) for state in (State.RUNNING, State.STOPPING, State.KILLING)),
    (State.KILLING, Input.EXPIRED),
}


def step(state: State, happened: Input) -> Step | None:
    """Where ``happened`` leads from ``state``: None where it changes nothing.

    Raises:
        ValueError: the table refuses it: START while the flow is being stopped.
    """
    found = TABLE[state].get(happened)
    if found is None and (state, happened) not in IGNORED:
        raise ValueError(f"cannot {happened} in {state}")
    return found

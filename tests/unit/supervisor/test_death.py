"""What is known of one death."""

from __future__ import annotations

import pytest

from pipertd.shm.status import Activity, RoutineFacts
from pipertd.supervisor.death import last_error


def fact(activity: Activity, error: str = "", *, generation: int = 2) -> RoutineFacts:
    return RoutineFacts("source", activity, 0.0, 0.0, generation, 0, 0, 0, 0.0, 0.0, (), error)


STOPPED = fact(Activity.STOPPED, "main_logic: ValueError: long ago")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"a": STOPPED, "b": fact(Activity.FAILED, "setup: OSError: no")}, "last error of b: setup: OSError: no"),
        ({"a": STOPPED, "b": fact(Activity.WORKING, "SystemExit: no")}, "last error of b: SystemExit: no"),
        ({"a": fact(Activity.IDLE, "one"), "b": fact(Activity.WORKING, "two")}, ""),
        ({"a": STOPPED, "b": fact(Activity.FAILED, "yesterday", generation=1)}, ""),
        ({"a": fact(Activity.FAILED)}, ""),
        ({"a": fact(Activity.FAILED, "two\n  lines")}, "last error of a: two lines"),
        ({"a": fact(Activity.FAILED, "x" * 500)}, f"last error of a: {'x' * 200}…"),
        ({}, ""),
    ],
)
def test_the_routine_that_a_flow_ended_over_is_named(facts: dict[str, RoutineFacts], said: str) -> None:
    """Which one and its last error, in one short line; what an innocent one said long ago is not taken for it."""
    assert last_error(facts, 2) == said

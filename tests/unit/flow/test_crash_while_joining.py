"""Joins under crashes: the process is killed before each of its stores in turn, and by any schedule."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize

from pipertd.flow.steps import Step
from tests.unit.flow.join_world import JOIN, LEFT, NAMES, RIGHT, JoinWorld
from tests.unit.shm.schedule import Schedule, search
from tests.unit.shm.stepping import run_to_store
from tests.unit.shm.world import Violation


def crash_before_store(store: int, second: int | None, depth: int) -> bool:
    """Kill who joins before its n-th store, and its successor ``second`` stores later; whether it came to that."""
    world = JoinWorld(depth=depth)
    try:
        actor = world.actors[JOIN]
        for crash_at in (store, second):
            if not run_to_store(world.actors.values(), actor, crash_at or 0):
                return False
            if crash_at is not None:
                actor.crash()
        world.run_to_rest()
        world.check_at_rest()
        return True
    finally:
        world.close()


@pytest.mark.parametrize("depth", [1, 8])
def test_sets_survive_a_crash_before_any_store(depth: int) -> None:
    """All of a set come again, or none; none is lost, joined with another one, or sent on twice."""
    assert sum(crash_before_store(store, store * 7 % 23 if store % 2 else None, depth) for store in range(150)) > 60


def test_a_set_that_ends_before_its_output_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search would find it: a message of a set that is acknowledged before the set's output is out is lost."""
    monkeypatch.setattr(Step, "over", property(lambda step: step.acknowledged and step.outgoing is None))
    with pytest.raises(Violation):
        any(crash_before_store(store, None, 8) is None for store in range(150))


class Joins(Schedule):
    """Any schedule, any losses, and everybody may die."""

    most_crashes = 5
    falls = ((JOIN,), (JOIN,), *((name,) for name in NAMES), NAMES)

    @initialize(
        depth=st.integers(1, 9),
        ticks=st.integers(1, 8),
        left=st.sets(st.integers(0, 7)),
        right=st.sets(st.integers(0, 7)),
    )
    def begin(self, depth: int, ticks: int, left: set[int], right: set[int]) -> None:
        """Cameras that lose some of their frames begin."""
        self.world = JoinWorld(depth=depth, ticks=ticks, lost={LEFT: left, RIGHT: right})


def test_any_schedule() -> None:
    """Whoever dies when: the laws hold at rest."""
    search(Joins)

"""The real rings under crashes: before every store in turn, recovery included, and wherever hypothesis likes."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pipertd.names import Policy
from tests.unit.shm.schedule import Schedule, search
from tests.unit.shm.world import DESTINATION, FAN_OUT, MIDDLE, SOURCE, World

NAMES = (SOURCE, MIDDLE, DESTINATION, FAN_OUT)
POLICIES = st.sampled_from(Policy)
DEPTHS = st.integers(1, 4)
# which links there are in the beginning: each routine has one
BEGINNINGS = ((True, True, True, False), (True, True, False, True), (True, True, True, True))
KINDS = [*((policy, False) for policy in Policy), (Policy.WAIT, True), (Policy.DROP_OLDEST, True)]


class Links(Schedule):
    """Three processes in a row, and a fan-out; some laws hold after each step, all at rest."""

    most_crashes = 12
    falls = (*((name,) for name in NAMES), (SOURCE, MIDDLE), (MIDDLE, DESTINATION), (SOURCE, FAN_OUT), NAMES)
    world: World | None = None

    @initialize(
        messages=st.integers(1, 12),
        depths=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
        policies=st.tuples(POLICIES, POLICIES, POLICIES),
        passes_on=st.booleans(),
        lends=st.booleans(),
        charges=st.booleans(),
        capacity=st.sampled_from((1, 4, 8)),
        linked=st.sampled_from(BEGINNINGS),
        seed=st.integers(0, 2**16),
    )
    def begin(
        self,
        messages: int,
        depths: tuple[int, int, int],
        policies: tuple[Policy, Policy, Policy],
        passes_on: bool,
        lends: bool,
        charges: bool,
        capacity: int,
        linked: tuple[bool, ...],
        seed: int,
    ) -> None:
        """A pipeline of some shape begins."""
        self.world = World(
            messages=messages,
            depths=depths,
            policies=policies,
            passes_on=passes_on,
            lends=lends,
            charges=charges,
            capacity=capacity,
            linked=linked,
            seed=seed,
        )

    @precondition(lambda self: self._crashes < self.most_crashes)
    @rule(
        depths=st.tuples(DEPTHS, DEPTHS, DEPTHS),
        policies=st.tuples(POLICIES, POLICIES, POLICIES),
        linked=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    )
    def change(
        self, depths: tuple[int, int, int], policies: tuple[Policy, Policy, Policy], linked: tuple[bool, ...]
    ) -> None:
        """Some links become deeper, less deep, or another policy's, where their rings have place; some come or go."""
        if self.world is not None and self.world.takes(depths, linked):
            self.world.change(depths, policies, linked)

    @invariant()
    def the_laws_hold_now(self) -> None:
        """Nothing is negative and no link is over its depth."""
        if self.world is not None:
            self.world.check_now()


def test_no_schedule_of_turns_and_crashes_loses_or_tears_a_message() -> None:
    """Whatever the order of stores and crashes, every message arrives whole, in order, and every slot comes back."""
    search(Links)


def crash_before_store(
    victim: str,
    store: int,
    second: int | None,
    *,
    messages: int = 4,
    policy: Policy = Policy.WAIT,
    passes_on: bool = False,
) -> bool:
    """Run in turns and kill ``victim`` before its n-th store, and its successor ``second`` stores later.

    Where links drop the victim goes ahead of the others, so that there is something to drop. Every other run lends,
    every third charges deaths. Returns whether it came to that store at all.
    """
    world = World(
        messages=messages,
        depths=(1, 2, 1),
        policies=(policy, policy, policy),
        passes_on=passes_on,
        lends=store % 2 == 1,
        charges=store % 3 == 0,
        seed=store,
    )
    try:
        actor, others = world.actors[victim], [each for each in world.actors.values() if each.name != victim]
        ahead = 1 if policy is Policy.WAIT else 3
        for crash_at in (store, second):
            if crash_at is None:
                continue
            goal = actor.stores + crash_at
            for _ in range(3_000):
                for _ in range(ahead):
                    if actor.stores < goal:
                        actor.turn()
                if actor.stores >= goal:
                    break
                for each in others:
                    each.turn()
            else:
                return False
            actor.crash()
            world.check_now()
        world.run_to_rest()
        world.check_at_rest()
        return True
    finally:
        world.close()


@pytest.mark.parametrize(("policy", "passes_on"), KINDS)
@pytest.mark.parametrize("victim", NAMES)
def test_a_crash_before_any_store_is_put_right(victim: str, policy: Policy, passes_on: bool) -> None:
    """Whichever store a process dies before, its successor goes on where it was."""
    store = 0
    while crash_before_store(victim, store, None, policy=policy, passes_on=passes_on):
        store += 1
    assert store > 20, "the victim made too few stores for this to mean anything"


@pytest.mark.parametrize(("policy", "passes_on"), KINDS)
@pytest.mark.parametrize("victim", NAMES)
def test_a_crash_before_any_store_of_the_recovery_is_put_right(victim: str, policy: Policy, passes_on: bool) -> None:
    """A successor may die in the middle of putting things right, and its own successor still succeeds."""
    tried = sum(
        crash_before_store(victim, store, store * 7 % 11, policy=policy, passes_on=passes_on)
        for store in range(1, 60, 2)
    )
    assert tried > 5, "the victim made too few stores for this to mean anything"

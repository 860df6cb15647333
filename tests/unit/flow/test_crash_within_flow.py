"""Tokens under crashes: a flow of two routines is killed before each of its stores in turn, and by any schedule."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from pipertd.flow.handover import Handover, Offer
from pipertd.names import Policy
from tests.unit.flow.flow_world import FLOW, NAMES, FlowWorld
from tests.unit.shm.world import Violation

MOST_CRASHES = 6


def crash_before_store(victim: str, store: int, second: int | None, *, policy: Policy, depth: int) -> bool:
    """Kill ``victim`` before its n-th store and its successor ``second`` stores later; whether it came to that.

    Every other world passes arrays on.
    """
    world = FlowWorld(policy=policy, depth=depth, passes_on=store // 2 % 2 == 1, seed=store)
    try:
        actor, others = world.actors[victim], [each for each in world.actors.values() if each.name != victim]
        for crash_at in (store, second):
            if crash_at is None:
                continue
            goal = actor.stores + crash_at
            for _ in range(2_000):
                if actor.stores >= goal:
                    break
                actor.turn()
                for each in others:
                    each.turn()
            else:
                return False
            actor.crash()
        world.run_to_rest()
        world.check_at_rest()
        return True
    finally:
        world.close()


def crash_everywhere(victim: str, policy: Policy, stores: range, depth: int, *, again: bool = False) -> int:
    """Crash before each of these stores, and ``again`` in the recovery; how many of them the victim came to."""
    return sum(
        crash_before_store(victim, store, store * 7 % 23 if again else None, policy=policy, depth=depth)
        for store in stores
    )


@pytest.mark.parametrize("policy", [Policy.WAIT, Policy.DROP_OLDEST, Policy.DROP_NEWEST])
@pytest.mark.parametrize("victim", NAMES)
def test_tokens_survive_a_crash_before_any_store(victim: str, policy: Policy) -> None:
    """What a flow had not finished within it comes again from its input; nothing is lost, doubled or miscounted."""
    step = 2 if victim == FLOW else 6
    tried = sum(crash_everywhere(victim, policy, range(depth, 170, step), depth) for depth in (1, 2))
    assert tried > 20


@pytest.mark.parametrize("policy", [Policy.WAIT, Policy.DROP_OLDEST])
def test_tokens_survive_a_crash_of_the_recovery(policy: Policy) -> None:
    """A successor that dies while it puts things right leaves nothing that its own successor cannot."""
    assert crash_everywhere(FLOW, policy, range(1, 120, 3), 2, again=True) > 20


def test_tokens_that_are_not_waited_for_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search would find it: an input that is acknowledged before its output within the flow was handled is lost."""

    def give(handover: Handover, offer: Offer) -> None:
        honest(handover, offer)
        offer.done = True

    honest = Handover.give
    monkeypatch.setattr(Handover, "give", give)
    with pytest.raises(Violation):
        crash_everywhere(FLOW, Policy.WAIT, range(160), 2)


class Tokens(RuleBasedStateMachine):
    """Turns and crashes in any order, deaths charged to messages or not; the laws hold at rest."""

    world: FlowWorld | None = None

    @initialize(
        policy=st.sampled_from(list(Policy)),
        depth=st.integers(1, 3),
        messages=st.integers(1, 12),
        passes_on=st.booleans(),
        charges=st.booleans(),
        seed=st.integers(0, 2**16),
    )
    def begin(self, policy: Policy, depth: int, messages: int, passes_on: bool, charges: bool, seed: int) -> None:
        """A flow of some shape begins."""
        self.world = FlowWorld(
            policy=policy, depth=depth, messages=messages, passes_on=passes_on, charges=charges, seed=seed
        )

    @property
    def _world(self) -> FlowWorld:
        assert self.world is not None
        return self.world

    @property
    def _crashes(self) -> int:
        return sum(actor.crashes for actor in self._world.actors.values()) if self.world else 0

    @rule(name=st.sampled_from(NAMES), stores=st.integers(1, 60))
    def run_one(self, name: str, stores: int) -> None:
        """One process runs for a while, the others stand still."""
        for _ in range(stores):
            self._world.actors[name].turn()

    @rule(rounds=st.integers(1, 60))
    def run_all(self, rounds: int) -> None:
        """All run, a store each in turn."""
        for _ in range(rounds):
            for actor in self._world.actors.values():
                actor.turn()

    @precondition(lambda self: self._crashes < MOST_CRASHES)
    @rule(names=st.sampled_from([(FLOW,), (FLOW,), *((name,) for name in NAMES), NAMES]))
    def crash(self, names: tuple[str, ...]) -> None:
        """A process dies before its next store, or all do at once."""
        for name in names:
            self._world.actors[name].crash()

    def teardown(self) -> None:
        """Left alone, everything comes to its end, in order, and is counted."""
        if self.world is None:
            return
        try:
            self.world.run_to_rest()
            self.world.check_at_rest()
        finally:
            self.world.close()


def test_no_schedule_of_turns_and_crashes_loses_a_token() -> None:
    """Whatever the order of stores, crashes and charges, each message ends once on every link, and is counted."""
    run_state_machine_as_test(
        Tokens,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

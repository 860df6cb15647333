"""Tokens under crashes: a flow of two routines is killed before each of its stores in turn, and by any schedule."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from pipertd.flow.handover import Handover, Offer
from pipertd.flow.intake import Intake
from pipertd.names import Policy
from tests.unit.flow.flow_world import FLOW, NAMES, OTHER, FlowWorld
from tests.unit.shm.schedule import Schedule, search
from tests.unit.shm.stepping import run_to_store
from tests.unit.shm.world import Violation, is_counted


def crash_before_store(victim: str, store: int, second: int | None, *, policy: Policy, depth: int) -> bool:
    """Kill ``victim`` before its n-th store and its successor ``second`` stores later; whether it came to that.

    Every other world passes arrays on, and in every other one there are two sources.
    """
    world = FlowWorld(
        policy=policy, depth=depth, passes_on=store // 2 % 2 == 1, fans_in=store // 4 % 2 == 1, seed=store
    )
    try:
        actor, others = world.actors[victim], [each for each in world.actors.values() if each.name != victim]
        for crash_at in (store, second):
            if crash_at is None:
                continue
            if not run_to_store([actor, *others], actor, crash_at):
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


@pytest.mark.parametrize("policy", [Policy.WAIT, Policy.DROP_OLDEST])
def test_the_count_holds_where_all_die_for_good(policy: Policy) -> None:
    """Before whichever store they die: what is left is counted as stopped, and nothing is in hand any more."""
    for store in range(1, 60, 3):
        world = FlowWorld(policy=policy, depth=1, fans_in=store // 4 % 2 == 1, seed=store)
        try:
            while world.actors[FLOW].stores < store:
                for actor in world.actors.values():
                    actor.turn()
            for actor in world.actors.values():
                actor.end()
            world.segments.count_stopped()
            assert all(is_counted(view) and not view.in_flight for view in world.segments.link_views()), store
        finally:
            world.close()


def test_tokens_that_are_not_waited_for_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search would find it: an input that is acknowledged before its output within the flow was handled is lost."""

    def give(handover: Handover, offer: Offer) -> None:
        honest(handover, offer)
        offer.done = True

    honest = Handover.give
    monkeypatch.setattr(Handover, "give", give)
    with pytest.raises(Violation):
        crash_everywhere(FLOW, Policy.WAIT, range(160), 2)


class Tokens(Schedule):
    """A flow with a link within it, its deaths charged to messages or not."""

    most_crashes = 6
    falls = ((FLOW,), (FLOW,), (OTHER,), *((name,) for name in NAMES), (*NAMES, OTHER))

    @initialize(
        policy=st.sampled_from(list(Policy)),
        depth=st.integers(1, 3),
        messages=st.integers(1, 12),
        passes_on=st.booleans(),
        charges=st.booleans(),
        fans_in=st.booleans(),
        seed=st.integers(0, 2**16),
    )
    def begin(
        self, policy: Policy, depth: int, messages: int, passes_on: bool, charges: bool, fans_in: bool, seed: int
    ) -> None:
        """A flow of some shape begins."""
        self.world = FlowWorld(
            policy=policy,
            depth=depth,
            messages=messages,
            passes_on=passes_on,
            charges=charges,
            fans_in=fans_in,
            seed=seed,
        )

    @precondition(lambda self: self._crashes < self.most_crashes)
    @rule(policy=st.sampled_from(list(Policy)), depth=st.integers(1, 3))
    def change(self, policy: Policy, depth: int) -> None:
        """The links of the flow are others."""
        if isinstance(self.world, FlowWorld):
            self.world.change(policy, depth)


CHANGES = [
    ((Policy.WAIT, 1), (Policy.WAIT, 3)),
    ((Policy.WAIT, 3), (Policy.DROP_OLDEST, 1)),
    ((Policy.DROP_OLDEST, 2), (Policy.WAIT, 1)),
    ((Policy.DROP_NEWEST, 1), (Policy.DROP_OLDEST, 3)),
]


def change_before_store(store: int, before: tuple[Policy, int], after: tuple[Policy, int]) -> bool:
    """Change the flow's links when it is at its n-th store, and back some stores later; whether it came to that."""
    world = FlowWorld(policy=before[0], depth=before[1], passes_on=store % 2 == 1, seed=store)
    try:
        actor = world.actors[FLOW]
        for crash_at, state in ((store, after), (store * 7 % 23, before)):
            if not run_to_store(world.actors.values(), actor, crash_at, rounds=1_000):
                return False
            world.change(*state)
        world.run_to_rest()
        world.check_at_rest()
        return True
    finally:
        world.close()


def change_everywhere(before: tuple[Policy, int], after: tuple[Policy, int], *, step: int) -> int:
    """Change at each ``step``-th store; how many of them the flow came to."""
    return sum(change_before_store(store, before, after) for store in range(1, 140, step))


@pytest.mark.parametrize(("before", "after"), CHANGES)
def test_tokens_survive_a_change_of_their_link(before: tuple[Policy, int], after: tuple[Policy, int]) -> None:
    """A link within a flow has another depth or policy in the next generation, and what it dropped is counted."""
    assert change_everywhere(before, after, step=3) > 15


def test_what_a_link_dropped_before_it_waits_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search would find it: a successor that does not look for drops on a link that waits now."""
    honest = Intake._count_what_was_dropped

    def count(intake: Intake, slot: int) -> None:
        if Policy(intake._spec.inputs[slot].policy) is not Policy.WAIT:
            honest(intake, slot)

    monkeypatch.setattr(Intake, "_count_what_was_dropped", count)
    with pytest.raises(Violation):
        change_everywhere(*CHANGES[2], step=1)


def test_no_schedule_of_turns_and_crashes_loses_a_token() -> None:
    """Whatever the order of stores, crashes and charges, each message ends once on every link, and is counted."""
    search(Tokens)

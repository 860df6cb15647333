"""Settling under crashes: a process dies before each of its stores in turn, and is settled, and comes back later."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from pipertd.flow import settle
from pipertd.flow.settle import Settler
from pipertd.names import Policy
from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger
from tests.unit.shm.stepping import Actor, stepped
from tests.unit.shm.world import DESTINATION, MIDDLE, SOURCE, Violation, World

KINDS = [*((policy, False) for policy in Policy), (Policy.WAIT, True), (Policy.DROP_OLDEST, True)]
ROUNDS = 400


class SettledWorld(World):
    """A world in which one process, where it dies, is settled instead of having a successor."""

    is_put_right = False

    def live_as_settler(self, actor: Actor) -> None:
        """What pipertd.flow.settle does, without sleeping."""
        spec = self.spec(actor.name)
        settler = Settler(spec, stepped(Ledger(spec.ledger_fd, writable=True), actor))
        settle.put_right([settler])
        self.is_put_right = True
        while True:
            actor.pause()
            settler.pass_returns_on()

    def run_ahead_to(self, victim: Actor, store: int) -> bool:
        """Run by turns up to the victim's n-th store; whether it came to that."""
        for _ in range(3_000):
            if victim.stores >= store:
                return True
            victim.turn()
            self.run_others(victim)
        return False

    def run_others(self, victim: Actor) -> None:
        """A turn for everybody else."""
        for actor in self.actors.values():
            if actor is not victim:
                actor.turn()

    def run_until_settled(self, victim: Actor) -> None:
        """Run by turns until the victim's words are put right and nobody reads through it; for a while at most."""
        self.closing = True
        for _ in range(ROUNDS):
            victim.turn()
            self.run_others(victim)
            if self.is_put_right and self.segments.left_whole(victim.name):
                break

    def attempts(self, name: str) -> dict[int, int]:
        """How often each message in a routine's hand was tried, by its number."""
        ledger = Ledger(self.spec(name).ledger_fd, writable=False)
        return {ledger.words[hand]: ledger.words[hand + at.W_ATTEMPTS] for hand in ledger.hands()}

    def check_settled(self, name: str, attempts_before: dict[int, int]) -> None:
        """The fan-out is whole, no slot is kept for the dead one, and nothing was tried."""
        first, _, fan_out = self.segments.link_views()
        if name == SOURCE and first.produced != fan_out.produced:
            raise Violation(f"a fan-out is in two: {first} {fan_out}")
        if not self.segments.left_whole(name):
            raise Violation(f"slots are kept for {name}, who is dead: {self.segments.link_views()}")
        if not self.attempts(name).items() <= attempts_before.items():
            raise Violation(f"settling has tried: {self.attempts(name)}, before {attempts_before}")


def settle_before_store(victim: str, store: int, second: int | None, *, policy: Policy, passes_on: bool) -> bool:
    """Kill ``victim`` before its n-th store and who settles it ``second`` stores later; whether it came to that."""
    world = SettledWorld(
        messages=4,
        depths=(1, 2, 1),
        policies=(policy, policy, policy),
        passes_on=passes_on,
        lends=store % 2 == 1,
        seed=store,
    )
    try:
        actor = world.actors[victim]
        if not world.run_ahead_to(actor, store):
            return False
        life, actor._life = actor._life, world.live_as_settler
        attempts_before = world.attempts(victim)
        actor.crash()
        if second is not None and world.run_ahead_to(actor, actor.stores + second):
            actor.crash()
        world.run_until_settled(actor)
        world.check_settled(victim, attempts_before)
        actor._life = life
        actor.crash()
        world.run_to_rest()
        world.check_at_rest()
        return True
    finally:
        world.close()


def settle_everywhere(
    victim: str, stores: range, policy: Policy, *, passes_on: bool = False, again: bool = False
) -> int:
    """Kill before each of these stores, and ``again`` who settles; how many of them the victim came to."""
    return sum(
        settle_before_store(victim, store, store * 5 % 9 if again else None, policy=policy, passes_on=passes_on)
        for store in stores
    )


@pytest.mark.parametrize(("policy", "passes_on"), KINDS)
@pytest.mark.parametrize("victim", [SOURCE, MIDDLE, DESTINATION])
def test_who_died_before_any_store_is_settled(victim: str, policy: Policy, passes_on: bool) -> None:
    """What was committed is on all links, no slot is kept, nothing is tried; a later successor finds all it needs."""
    assert settle_everywhere(victim, range(1, 120, 4), policy, passes_on=passes_on) > 5, "too few to mean anything"


@pytest.mark.parametrize(("policy", "passes_on"), KINDS)
@pytest.mark.parametrize("victim", [SOURCE, MIDDLE, DESTINATION])
def test_settling_may_die_before_any_store(victim: str, policy: Policy, passes_on: bool) -> None:
    """Whoever settles next goes on where it was."""
    tried = settle_everywhere(victim, range(3, 120, 7), policy, passes_on=passes_on, again=True)
    assert tried > 2, "too few to mean anything"


def put_right_like_a_successor(settlers: Sequence[Settler]) -> None:
    for settler in settlers:
        settler._consumer.recover([kept.message for kept in settler.put_output_right()])


def put_right_the_inputs(settlers: Sequence[Settler]) -> None:
    for settler in settlers:
        settler.put_input_right(settler._producer.slots.kept())


def put_right_the_outputs(settlers: Sequence[Settler]) -> None:
    for settler in settlers:
        settler.put_output_right()


@pytest.mark.parametrize(
    ("broken", "victim", "found"),
    [
        (put_right_like_a_successor, DESTINATION, "settling has tried"),
        (put_right_the_inputs, SOURCE, "a fan-out is in two"),
        (put_right_the_outputs, DESTINATION, "slots are kept"),
    ],
)
def test_what_settling_must_not_do_is_found(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[[Sequence[Settler]], None], victim: str, found: str
) -> None:
    """The search would find it: settling that counts an attempt, or puts only one side right."""
    monkeypatch.setattr(settle, "put_right", broken)
    with pytest.raises(Violation, match=found):
        settle_everywhere(victim, range(1, 80), Policy.WAIT)

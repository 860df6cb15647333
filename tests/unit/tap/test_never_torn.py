"""Whoever looks at a link sees whole messages or none, whatever its ends do meanwhile, and however they die."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from pipertd.names import Policy
from pipertd.shm import layout as at
from pipertd.tap.link import TappedLink
from tests.unit.shm.test_crash_anywhere import NAMES
from tests.unit.shm.world import Violation
from tests.unit.tap.tapped_world import TAP, TappedWorld

MESSAGES = 60
LINKED = ((True, True, True, False), (True, True, True, True), (True, True, False, True))
Break = Callable[[pytest.MonkeyPatch], None]


def looked_at(seed: int) -> TappedWorld:
    """A world of some shape that ran to its end, in some order of stores, loads and crashes, with a tap beside it."""
    chance = random.Random(seed)
    policies = [chance.choice(tuple(Policy)) for _ in range(3)]
    world = TappedWorld(
        messages=MESSAGES,
        depths=tuple(chance.randint(1, 3) for _ in range(3)),
        policies=tuple(policies),
        passes_on=chance.random() < 0.5,
        lends=chance.random() < 0.5,
        capacity=4,
        linked=chance.choice(LINKED),
        seed=seed,
    )
    try:
        while world.published < MESSAGES:
            for _ in range(chance.randint(1, 3)):
                world.actors[TAP].turn()
            for _ in range(80 if world.copies and chance.random() < 0.3 else 4):  # much may happen during a copy
                for name in NAMES:
                    world.actors[name].turn()
            if chance.random() < 0.03:
                world.actors[chance.choice(NAMES)].crash()
        world.run_to_rest()
        world.check_at_rest()
    finally:
        world.close()
    return world


def worlds(seeds: Iterable[int]) -> tuple[int, int]:
    """How many messages were seen in these worlds, and how many were overtaken."""
    ran = [looked_at(seed) for seed in seeds]
    return sum(len(world.passed) for world in ran), sum(world.overtaken for world in ran)


def test_no_order_of_stores_and_loads_shows_a_torn_message() -> None:
    """What is seen is whole and comes with its own envelope; and the pipeline loses nothing over being looked at."""
    seen, overtaken = worlds(range(25, 60))
    assert seen > 200, "it saw too little for this to mean anything"
    assert overtaken > 20, "nothing was ever overtaken"


def believe_the_sequence(patch: pytest.MonkeyPatch) -> None:
    """An entry is believed if its sequence is still there behind the copy, as a seqlock would have it."""

    def copied(tapped: TappedLink, sequence: int) -> memoryview | None:
        start = tapped._out.entry(sequence) * at.WORD
        entry = memoryview(bytes(tapped._bytes[start : start + at.ENTRY_WORDS * at.WORD])).cast("Q")
        return entry if entry[at.E_SEQUENCE] == sequence + 1 else None

    patch.setattr(TappedLink, "_copied_entry", copied)


def look_before_the_copy_only(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks behind the copy whether the slots are held."""
    honest, looks = TappedLink._is_held, [0]

    def held(tapped: TappedLink, sequence: int, entry: memoryview) -> bool:
        looks[0] += 1
        return looks[0] % 3 != 1 or honest(tapped, sequence, entry)

    patch.setattr(TappedLink, "_is_held", held)


@pytest.mark.parametrize(
    ("broken", "seeds"), [(believe_the_sequence, range(50, 150)), (look_before_the_copy_only, range(50))]
)
def test_breaking_a_rule_of_looking_is_found(broken: Break, seeds: range, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one rule broken, some order of stores and loads shows a torn message."""
    broken(monkeypatch)
    with pytest.raises((Violation, ValueError, TypeError)):
        worlds(seeds)

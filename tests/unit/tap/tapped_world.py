"""A world of real links with a tap in it, whose every load and half of a copy may be overtaken by what others store."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import ByteArray
from pipertd.tap.link import Passed, TappedLink
from tests.unit.shm.stepping import Actor
from tests.unit.shm.world import MIDDLE, SOURCE, Violation, World, check

TAP = "tap"


class SteppedTap(TappedLink):
    """The real one, with a turn before each look and in the middle of each copy."""

    world: TappedWorld
    actor: Actor

    def _copied_entry(self, sequence: int) -> memoryview | None:
        memory, start = self._bytes, self._out.entry(sequence) * at.WORD
        self._bytes = memoryview(bytearray(len(memory)))  # what was copied so far
        for part in np.array_split(np.arange(start, start + at.ENTRY_WORDS * at.WORD), 3):
            self._pause_while_copying()
            self._bytes[part[0] : part[-1] + 1] = memory[part[0] : part[-1] + 1]
        self.actor.pause()
        try:
            return super()._copied_entry(sequence)
        finally:
            self._bytes = memory

    def _is_held(self, sequence: int, entry: memoryview) -> bool:
        self.actor.pause()
        return super()._is_held(sequence, entry)

    def _copied(self, pool: int, offset: int, length: int, slot_bytes: int = 0) -> ByteArray:
        halves = [super()._copied(pool, offset, length)]
        self._pause_while_copying()
        halves.append(super()._copied(pool, offset, length))
        return np.concatenate([halves[0][: length // 2], halves[1][length // 2 :]])

    def _pause_while_copying(self) -> None:
        self.world.copies = True
        self.actor.pause()
        self.world.copies = False


class TappedWorld(World):
    """The pipeline, and somebody who looks at all of its links in turn; what was seen must be whole."""

    def __init__(self, **shape: Any) -> None:
        super().__init__(**shape)
        self.passed: list[Passed] = []
        self.overtaken = 0
        self.copies = False  # the tap is in the middle of a copy
        self._choose = random.Random(shape.get("seed", 0))
        self.actors[TAP] = Actor(TAP, self._live_as_tap)

    @property
    def published(self) -> int:
        """How many messages the source has published."""
        return Ledger(self.spec(SOURCE).ledger_fd, writable=False).commit_word(at.C_PUBLISHED)

    def _live_as_tap(self, actor: Actor) -> None:
        while True:
            actor.pause()
            specs = {name: self.spec(name) for name in (SOURCE, MIDDLE)}
            pools = {spec.number: spec.pool_fd for spec in specs.values()}
            name = self._choose.choice((SOURCE, MIDDLE))
            links = specs[name].outputs
            if not links:
                continue
            ledger = Ledger(specs[name].ledger_fd, writable=False)
            tapped = SteppedTap(ledger, self._choose.choice(links).slot, pools)
            tapped.world, tapped.actor = self, actor
            sequence = tapped.head - 1 - self._choose.randrange(3)
            if sequence >= 0 and (passed := tapped.read(sequence)) is not None:
                self._look_at(passed, name)
            self.overtaken += tapped.overtaken

    def _look_at(self, passed: Passed, name: str) -> None:
        if passed.omitted:
            raise Violation(f"cannot be read: {passed}")
        number = check(passed.content)
        if passed.captured_ns != number:
            raise Violation(f"{name}'s message {passed.sequence} came with the envelope of another: {passed}")
        self.passed.append(passed)

"""Run the real data plane one store at a time, and kill it before any of them.

An actor is a "process": it runs the code of pipertd.shm and hands the turn back before every store to shared memory.
Only one actor runs at a time, so a schedule is a list of turns and every run can be repeated. A crash is a
BaseException raised in place of the store; a dead actor can store no more, whatever its unwinding tries. Actors are
greenlets: a search takes millions of turns, and from thread to thread it took three times the processor's time.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection
from math import ceil
from typing import Any

import numpy as np
from greenlet import getcurrent, greenlet

from pipertd.shm.codec import Encoded
from pipertd.shm.guard import Guard
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import ByteArray


class Crash(BaseException):
    """The process is gone."""


class Actor:
    """One process of the world; ``life`` is run anew, from nothing but shared memory, after each crash."""

    def __init__(self, name: str, life: Callable[[Actor], None]) -> None:
        self.name = name
        self.crashes = 0
        self.stores = 0
        self.error: BaseException | None = None
        self._life = life
        self._born()

    def _born(self) -> None:
        self._dead = False
        self._world = getcurrent()
        self._process = greenlet(self._live)

    def _live(self) -> None:
        try:
            self._life(self)
        except Crash:
            pass
        except BaseException as error:  # noqa: BLE001 - raised by whoever gives the next turn
            error.add_note(traceback.format_exc())
            self.error = error.with_traceback(None)  # its frames hold leases, which end with the process
        self._dead = True

    def pause(self) -> None:
        """Called by the actor itself, wherever a crash may strike or somebody else may go first."""
        if getcurrent() is not self._process:
            return  # the end of a lease, in the test itself
        if self._dead:
            raise Crash
        self._world.switch()
        if self._dead:
            raise Crash

    def turn(self) -> None:
        """Let the actor run up to its next pause."""
        assert not self._dead, f"{self.name} ended by itself"
        self._process.switch()
        if self.error is not None:
            raise self.error

    def crash(self) -> None:
        """Kill it where it stands, and start its successor."""
        self.end()
        self.crashes += 1
        self._born()

    def end(self) -> None:
        """Kill it for good."""
        self._dead = True
        if not self._process.dead:
            self._process.switch()
        assert self._process.dead, f"{self.name} survived"


class SteppedGuard(Guard):
    """A link's guard among actors; as the kernel does, the unwinding of a crash frees it."""

    def __init__(self, holders: dict[int, Actor], byte: int, actor: Actor) -> None:
        super().__init__(-1, byte)
        self._holders = holders
        self._actor = actor

    def acquire(self, patience_s: float) -> bool:
        """Wait for some turns at most."""
        for _ in range(ceil(patience_s * 1000)):
            self._actor.pause()
            if self._byte not in self._holders:
                self._holders[self._byte] = self._actor
                return True
        return False

    def release(self) -> None:
        """Free it."""
        assert self._holders.pop(self._byte) is self._actor, "released by somebody else"


class SteppedWords:
    """A ledger's words or bytes, as its writer sees them: every store is a turn, and a long one may tear."""

    def __init__(self, memory: memoryview, actor: Actor) -> None:
        self._memory = memory
        self._actor = actor

    def __getitem__(self, index: int | slice) -> Any:
        return self._memory[index]

    def __setitem__(self, index: int | slice, value: Any) -> None:
        if isinstance(index, slice):
            start, stop, _ = index.indices(len(self._memory))
            middle = (start + stop) // 2
            self._store(slice(start, middle), value[: middle - start])
            self._store(slice(middle, stop), value[middle - start :])
        else:
            self._store(index, value)

    def _store(self, index: int | slice, value: Any) -> None:
        self._actor.pause()
        self._actor.stores += 1
        self._memory[index] = value


def stepped(ledger: Ledger, actor: Actor) -> Ledger:
    """The ledger, every store to which is a turn of its actor."""
    ledger.words = SteppedWords(ledger.words, actor)  # type: ignore[assignment]
    ledger.bytes = SteppedWords(ledger.bytes, actor)  # type: ignore[assignment]
    return ledger


class SteppedMessage(Encoded):
    """A message whose payload is written in two halves, with a turn before each."""

    def __init__(self, encoded: Encoded, actor: Actor) -> None:
        super().__init__(encoded.body, encoded.body_offset, encoded.arrays, encoded.passed)
        self.actor = actor

    def write(self, payload: ByteArray) -> None:
        """As the real one, but torn in the middle."""
        whole = np.zeros(self.length, np.uint8)
        super().write(whole)
        self.actor.pause()
        payload[: self.length // 2] = whole[: self.length // 2]
        self.actor.pause()
        payload[self.length // 2 :] = whole[self.length // 2 :]


def run_to_store(actors: Collection[Actor], actor: Actor, ahead: int, rounds: int = 2_000) -> bool:
    """Give everybody turns until ``actor`` has made so many stores more; whether it ever came to that."""
    goal = actor.stores + ahead
    for _ in range(rounds):
        if actor.stores >= goal:
            return True
        for each in actors:
            each.turn()
    return False


def run_to_rest(actors: Collection[Actor], is_at_rest: Callable[[], bool], rounds: int = 300) -> bool:
    """Give everybody turns until all is at rest; whether it ever was."""
    for _ in range(rounds):
        for actor in actors:
            for _ in range(16):
                actor.turn()
        if is_at_rest():
            return True
    return False

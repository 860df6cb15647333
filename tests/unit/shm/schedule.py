"""What a search does with any world of actors: turns and crashes, in any order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from tests.unit.shm.stepping import Actor


class ActorsWorld(Protocol):
    """Processes that crash, and the laws that hold when they had time to come to rest."""

    @property
    def actors(self) -> Mapping[str, Actor]:
        """By name."""

    def run_to_rest(self) -> None:
        """Give everybody turns until every message has come to its end."""

    def check_at_rest(self) -> None:
        """Raise Violation where a law does not hold."""

    def close(self) -> None:
        """Leave nothing."""


class Schedule(RuleBasedStateMachine):
    """Turns and crashes in any order; the laws hold at rest. Who extends it makes the world.

    Attributes:
        most_crashes: in one run.
        falls: who may crash at once; one that stands there twice does so twice as often.
    """

    most_crashes: ClassVar[int]
    falls: ClassVar[tuple[tuple[str, ...], ...]]
    world: ActorsWorld | None = None

    @property
    def _actors(self) -> dict[str, Actor]:
        return dict(self.world.actors) if self.world else {}

    @property
    def _crashes(self) -> int:
        return sum(actor.crashes for actor in self._actors.values())

    @rule(place=st.integers(0, 11), stores=st.integers(1, 60))
    def run_one(self, place: int, stores: int) -> None:
        """One process runs for a while, the others stand still."""
        names = list(self._actors)
        for _ in range(stores):
            self._actors[names[place % len(names)]].turn()

    @rule(rounds=st.integers(1, 60))
    def run_all(self, rounds: int) -> None:
        """All run, a store each in turn."""
        for _ in range(rounds):
            for actor in self._actors.values():
                actor.turn()

    @precondition(lambda self: self._crashes < self.most_crashes)
    @rule(place=st.integers(0, 11))
    def crash(self, place: int) -> None:
        """A process dies before its next store, or several do at once."""
        for name in self.falls[place % len(self.falls)]:
            if name in self._actors:
                self._actors[name].crash()

    def teardown(self) -> None:
        """Left alone, everything comes to its end, in order, whole, and is counted."""
        if self.world is None:
            return
        try:
            self.world.run_to_rest()
            self.world.check_at_rest()
        finally:
            self.world.close()


def search(machine: type[Schedule]) -> None:
    """Try the same schedules in every run."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=60,
            stateful_step_count=40,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )

"""Classes that cannot work as routines, each for another reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pipertd import DestinationRoutine, FPSRoutine, SourceRoutine


class Named(DestinationRoutine):
    kind: str = "mine"

    def main_logic(self, data: Any) -> None:
        pass


class Misspelt(DestinationRoutine):
    acknowledge = "maunal"  # type: ignore[assignment]

    def main_logic(self, data: Any) -> None:
        pass


class Writes(DestinationRoutine):
    writable = "yes"  # type: ignore[assignment]

    def main_logic(self, data: Any) -> None:
        pass


class Waits(DestinationRoutine):
    async def main_logic(self, data: Any) -> None:
        pass


class Yields(SourceRoutine):
    def main_logic(self) -> Iterator[int]:
        yield 1


class Blind(DestinationRoutine):
    def main_logic(self) -> None:
        pass


class Greedy(SourceRoutine):
    def main_logic(self, data: Any) -> None:  # type: ignore[override]
        pass


class Undecided(FPSRoutine):
    def main_logic(self, one: Any, other: Any) -> None:
        pass

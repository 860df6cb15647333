"""Classes for definitions to name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipertd import DestinationRoutine, FPSRoutine, MiddleRoutine, SourceRoutine, events


class Camera(SourceRoutine):
    """A source with params of every kind."""

    width: int
    gain: float = 1.0
    folder: Path = Path()
    names: list[str] = []  # noqa: RUF012 - a default
    limit: int | None = None

    def main_logic(self) -> Any:
        """Nothing."""


class Blur(MiddleRoutine):
    """A middle routine."""

    @events("RESET")
    def reset(self) -> None:
        """Forget."""

    def main_logic(self, data: Any) -> Any:
        """Nothing."""


@dataclass
class Picture:
    """What TypedCamera gives."""

    number: int


@dataclass
class Labelled:
    """What TypedStore takes."""

    number: int
    label: str


class TypedCamera(SourceRoutine):
    """Says what it gives."""

    def main_logic(self) -> Picture | None:
        """Nothing."""


class TypedStore(DestinationRoutine):
    """Says what it takes."""

    def main_logic(self, data: Labelled) -> None:
        """Nothing."""


class Idle(MiddleRoutine):
    """Has no main_logic."""


class Store(DestinationRoutine):
    """Has a constructor of its own."""

    def __init__(self, path: str, keep: bool = True) -> None:
        super().__init__()
        self.path, self.keep = path, keep

    def main_logic(self, data: Any) -> None:
        """Nothing."""


class Placed(FPSRoutine):
    """What its links make of it."""

    def main_logic(self, data: Any) -> Any:
        """As it came."""
        return data


class NotOne:
    """No routine."""

"""Routines that join what comes from two others."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from pipertd import DestinationRoutine, MiddleRoutine, Synced


class Join(DestinationRoutine):
    """Writes down the numbers that were joined, and the attempt of each."""

    inputs = Synced("left", "right", within=1e4)
    file: Path

    def main_logic(self, left: dict[str, int], right: dict[str, int]) -> None:
        assert self.message is not None
        attempts = [each.attempt for each in self.message.joined.values()]
        with self.file.open("a") as file:
            file.write(f"{left['number']} {right['number']} {attempts[0]} {attempts[1]}\n")


class JoinAndDie(Join):
    """As Join; the first generation is killed while it has the tenth of the left numbers in hand."""

    def main_logic(self, left: dict[str, int], right: dict[str, int]) -> None:
        super().main_logic(left, right)
        if self.generation == 1 and left["number"] == 10:
            os.kill(os.getpid(), signal.SIGKILL)


class Add(MiddleRoutine):
    """The sum of what is joined."""

    inputs = Synced("left", "right", within=1e4)

    def main_logic(self, left: dict[str, int], right: dict[str, int]) -> dict[str, int]:
        return {"number": left["number"] + right["number"]}


class Mistaken(MiddleRoutine):
    """Joins two, and takes one."""

    inputs = Synced("left", "right", within=0.1)

    def main_logic(self, data: Any) -> Any:
        return data


class JoinAndEnd(Join):
    """As Join; each generation ends its process over the tenth of the left numbers."""

    def main_logic(self, left: dict[str, int], right: dict[str, int]) -> None:
        if left["number"] == 10:
            os._exit(3)
        super().main_logic(left, right)

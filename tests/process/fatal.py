"""Routines that some messages kill, for tests of the quarantine."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipertd import DestinationRoutine, MiddleRoutine, events


@dataclass
class Frame:
    """A numbered picture."""

    number: int
    image: np.ndarray[Any, Any]


class Abort(MiddleRoutine):
    """Aborts at the number ``at``, as a failed assertion of a C library does."""

    at: int = 137

    def setup(self) -> None:
        self.logger.info("set up as %s", self.name)

    def main_logic(self, data: Frame) -> dict[str, Any]:
        if data.number == self.at:
            os.abort()
        assert self.message is not None
        room = self.loan(data.image.shape)
        return {"sequence": self.message.sequence, "attempt": self.message.attempt, "bytes": room.nbytes}

    def cleanup(self) -> None:
        self.logger.info("cleaned up")


class Exit(DestinationRoutine):
    """Ends its process without a word."""

    def main_logic(self, data: dict[str, Any]) -> None:
        os._exit(0)


class Stuck(DestinationRoutine):
    """Never comes back."""

    def main_logic(self, data: dict[str, Any]) -> None:
        print("stuck", flush=True)
        time.sleep(3600)


class Draw(DestinationRoutine):
    """Draws on the image, which it may."""

    writable = True

    def main_logic(self, data: dict[str, Any]) -> None:
        data["image"][:] = 1


class DrawOnOthers(DestinationRoutine):
    """Draws on the image, which it may not."""

    def main_logic(self, data: dict[str, Any]) -> None:
        data["image"][:] = 1


_BUSY = threading.Event()  # somebody else of the flow has a message in hand


class Poisoned(DestinationRoutine):
    """Writes numbers down; dies in the way ``how`` at the number ``at``, where it has ``company`` once that is busy."""

    file: Path
    at: int = 137
    how: str = "abort"
    company: bool = False

    def main_logic(self, data: dict[str, int]) -> None:
        if data["number"] == self.at:
            if self.company:
                _BUSY.wait()
            self.die()
        with self.file.open("a") as file:
            file.write(f"{data['number']}\n")

    def die(self) -> None:
        if self.how == "abort":
            os.abort()
        if self.how == "exit":
            os._exit(3)
        if self.how == "hang":
            time.sleep(3600)
        raise ValueError(f"cannot bear {self.at}")


class Innocent(DestinationRoutine):
    """Writes numbers down with their attempt; busy with the number 20 until there is a file ``gate``."""

    file: Path
    gate: Path

    def main_logic(self, data: dict[str, int]) -> None:
        assert self.message is not None
        while data["number"] == 20 and not self.gate.exists():
            _BUSY.set()
            time.sleep(0.01)
        with self.file.open("a") as file:
            file.write(f"{data['number']} {self.message.attempt}\n")


class Fragile(DestinationRoutine):
    """Keeps every message unacknowledged, and dies of the event BREAK."""

    acknowledge = "manual"

    def main_logic(self, data: dict[str, int]) -> None:
        pass

    @events("BREAK")
    def die(self) -> None:
        os.abort()

"""Two cameras, one of which is late and one of which loses frames; what they took at one moment is joined.

The cameras are made up, so that nothing is needed to run it: both are triggered by one clock.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from pipertd import DestinationRoutine, EndOfStream, MiddleRoutine, SourceRoutine, Synced

_HEIGHT, _WIDTH = 120, 160


class Camera(SourceRoutine):
    """Takes a frame at each tick of the clock that triggers all cameras, and gives up at tick ``last``."""

    last: int = 100
    per_s: float = 20.0
    loses_every: int = 0  # each so manieth frame gets lost on its way
    shift: int = 0  # pixels by which this camera sees everything moved

    def setup(self) -> None:
        """Go on behind what was published before a crash."""
        self.began = round(time.monotonic() * self.per_s) - self.published
        self.scene = np.random.default_rng(1).integers(0, 255, (_HEIGHT, _WIDTH + 100), np.uint8)

    def main_logic(self) -> dict[str, Any] | None:
        """The next frame, or None where it was lost."""
        tick = int(time.monotonic() * self.per_s) + 1
        if tick - self.began > self.last:
            raise EndOfStream
        time.sleep(max(0.0, tick / self.per_s - time.monotonic()))
        if self.loses_every and tick % self.loses_every == 0:
            return None
        return {"tick": tick, "frame": self.scene[:, self.shift : self.shift + _WIDTH].copy()}


class Undistort(MiddleRoutine):
    """Stands for work on one camera's frames that the other camera's do not need: they are late by it."""

    takes_s: float = 0.03

    def main_logic(self, data: dict[str, Any]) -> dict[str, Any]:
        """The same frame, later."""
        time.sleep(self.takes_s)
        return data


class Disparity(MiddleRoutine):
    """How far what one camera sees lies from where the other one sees it, in pixels."""

    inputs = Synced("undistort", "right", within=0.02)
    most: int = 16

    def main_logic(self, left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
        """The shift by which the two frames differ least."""
        one, two = left["frame"].astype(np.int16), right["frame"].astype(np.int16)
        width = _WIDTH - self.most
        errors = [np.abs(one[:, by : by + width] - two[:, :width]).mean() for by in range(self.most)]
        assert self.message is not None
        times = [each.capture_time_s for each in self.message.joined.values()]
        return {
            "ticks": [left["tick"], right["tick"]],
            "disparity": int(np.argmin(errors)),
            "apart_ms": round(1e3 * (max(times) - min(times)), 3),
        }


class Report(DestinationRoutine):
    """Writes a line for each pair."""

    path: Path = Path("stereo.jsonl")

    def setup(self) -> None:
        """Open the file; a line is in it at once."""
        self.lines = self.path.open("a", buffering=1)

    def main_logic(self, data: dict[str, Any]) -> None:
        """One line."""
        self.lines.write(json.dumps(data) + "\n")

    def cleanup(self) -> None:
        """Close it."""
        self.lines.close()

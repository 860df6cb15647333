"""Routines of a definition that tests run in their own process."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from pipertd import DestinationRoutine, EndOfStream, Envelope, FPSRoutine, MiddleRoutine, SourceRoutine, Synced, events


@dataclasses.dataclass
class Frame:
    number: int
    image: np.ndarray[Any, Any]


class Camera(SourceRoutine):
    last: int = 0

    def main_logic(self) -> Frame:
        if self.last and self.published == self.last:
            raise EndOfStream
        return Frame(self.published, np.full((4, 4), self.published, np.uint8))


class Scale(MiddleRoutine):
    factor: int = 2

    def main_logic(self, data: Frame) -> dict[str, Any] | None:
        if data.number == 13:
            raise ValueError("unlucky")
        return {"number": data.number, "scaled": data.image * np.uint8(self.factor), "name": self.name}

    @events("SET_FACTOR")
    def set_factor(self, factor: int) -> int:
        self.factor = factor
        return factor


class Label(FPSRoutine):
    def main_logic(self, data: dict[str, Any]) -> dict[str, Any]:
        if data["number"] == 3:
            self.notify_event("SET_FACTOR", {"back": ["scale"]}, factor=5)
        return {**data, "label": f"frame {data['number']}"}


class Store(DestinationRoutine):
    file: Path

    def setup(self) -> None:
        self.out = self.file.open("w")
        self.hops: list[str] = []

    def main_logic(self, data: dict[str, Any]) -> None:
        assert self.message is not None
        self.hops = [hop.routine for hop in self.message.hops]
        self.out.write(f"{data['label']} {data['scaled'][0, 0]}\n")

    def cleanup(self) -> None:
        self.out.close()


class Hoards(DestinationRoutine):
    """Takes batches that are larger than its link."""

    acknowledge = "manual"

    def setup(self) -> None:
        self.held: list[Envelope | None] = []

    def main_logic(self, data: Any) -> None:
        self.held.append(self.message)


class Moody(DestinationRoutine):
    """Takes each message at its second attempt, and does not clean up."""

    def main_logic(self, data: Any) -> None:
        assert self.message is not None
        if self.message.attempt == 1:
            raise TimeoutError("not now")

    def cleanup(self) -> None:
        raise OSError("no room")


class Pair(MiddleRoutine):
    """Says which frames were captured together, and how long ago each was."""

    inputs = Synced("left", "right", within=0.01)

    def main_logic(self, left: Frame, right: dict[str, Any]) -> dict[str, Any]:
        assert self.message is not None
        times = [self.message.joined[name].capture_time_s for name in ("left", "right")]
        return {"pair": [left.number, right["number"]], "apart_s": max(times) - min(times), "shape": left.image.shape}


class Look(DestinationRoutine):
    def main_logic(self, data: dict[str, Any]) -> None: ...

"""Routines that send arrays and check every byte of what they get."""

from __future__ import annotations

import contextlib
import os
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from pipertd import DestinationRoutine, EndOfStream, MiddleRoutine, SourceRoutine, events

SIZES = (10, 3_000, 50_000)


class Source(SourceRoutine):
    """Sends ``amount`` arrays, small and large in turn, and goes on behind what it published before a crash."""

    amount: int

    def main_logic(self) -> dict[str, Any]:
        number = self.published
        if number >= self.amount:
            raise EndOfStream
        return {"number": number, "array": np.full(SIZES[number % len(SIZES)], number % 251, np.uint8)}


class Middle(MiddleRoutine):
    """Adds one to every element, after it has checked them."""

    def main_logic(self, data: dict[str, Any]) -> dict[str, Any]:
        number = data["number"]
        if not np.all(data["array"] == number % 251):
            raise ValueError(f"torn: {number}")
        return {"number": number, "array": data["array"] + np.uint8(1)}


class Relay(MiddleRoutine):
    """Passes on what it gets, after it has checked it."""

    def main_logic(self, data: dict[str, Any]) -> dict[str, Any]:
        if not np.all(data["array"] == data["number"] % 251):
            raise ValueError(f"torn: {data['number']}")
        return {**data, "relayed": data.get("relayed", 0) + 1}


class Store(DestinationRoutine):
    """Checks every element and appends number and attempt to ``file``, in one write."""

    file: Path
    added: int = 1

    def main_logic(self, data: dict[str, Any]) -> None:
        number = data["number"]
        if not np.all(data["array"] == number % 251 + self.added):
            raise ValueError(f"torn: {number}")
        assert self.message is not None
        descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, f"{number} {self.message.attempt}\n".encode())
        os.close(descriptor)


class GatedStore(Store):
    """As Store, but notes the attempt at the number ``at`` in ``tries``, and is busy until there is a file ``gate``."""

    at: int
    tries: Path
    gate: Path

    def main_logic(self, data: dict[str, Any]) -> None:
        if data["number"] == self.at:
            assert self.message is not None
            with self.tries.open("a") as file:
                file.write(f"{self.message.attempt}\n")
            while not self.gate.exists():
                time.sleep(0.01)
        super().main_logic(data)


class Frames(SourceRoutine):
    """Sends ``amount`` large arrays, then ends or has nothing more to send."""

    amount: int = 1_000_000_000
    then_idles: bool = False

    def main_logic(self) -> dict[str, Any] | None:
        if self.published >= self.amount:
            if not self.then_idles:
                raise EndOfStream
            time.sleep(0.01)
            return None
        return {"number": self.published, "array": np.full(SIZES[-1], self.published % 251, np.uint8)}


class Hoard(DestinationRoutine):
    """Keeps every array that it ever got."""

    def setup(self) -> None:
        self.kept: list[tuple[int, np.ndarray[Any, Any]]] = []

    def main_logic(self, data: dict[str, Any]) -> None:
        self.kept.append((zlib.crc32(data["array"].data), data["array"]))

    @events("CHECK")
    def check(self) -> dict[str, Any]:
        return {"kept": len(self.kept), "right": all(zlib.crc32(array.data) == seen for seen, array in self.kept)}

    @events("FORGET")
    def forget(self) -> None:
        self.kept.clear()


class Tangle(DestinationRoutine):
    """Makes of every array a cycle that only the garbage collector finds."""

    def main_logic(self, data: dict[str, Any]) -> None:
        array = data["array"]

        def sums() -> int:
            return int(array.sum()) if array.size else sums()

        assert sums() >= 0


class Crowded(Frames):
    """Sends its arrays while somebody else's file takes what is left of /dev/shm."""

    def setup(self) -> None:
        with contextlib.suppress(OSError), Path("/dev/shm/others").open("xb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

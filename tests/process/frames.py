"""Routines that send arrays and check every byte of what they get."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from pipertd import DestinationRoutine, EndOfStream, MiddleRoutine, SourceRoutine

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

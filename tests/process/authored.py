"""Routines that use what authors are promised: a position of their own, a retry, a failure, a declared wait."""

from __future__ import annotations

import time
from pathlib import Path

from pipertd import DestinationRoutine, EndOfStream, MiddleRoutine, SourceRoutine


class ReadLines(SourceRoutine):
    """Sends the lines of ``file`` with an even number only; ``position`` is the byte behind the last one sent."""

    file: Path

    def setup(self) -> None:
        self.opened = self.file.open("rb")
        self.opened.seek(self.position)

    def main_logic(self) -> dict[str, int] | None:
        line = self.opened.readline()
        if not line:
            raise EndOfStream
        if int(line) % 2:
            return None
        self.position = self.opened.tell()
        return {"number": int(line)}

    def cleanup(self) -> None:
        self.opened.close()


class Even(MiddleRoutine):
    """Sends on what divides by four; the rest it keeps to itself."""

    def main_logic(self, data: dict[str, int]) -> dict[str, int] | None:
        return data if data["number"] % 4 == 0 else None


class Moody(DestinationRoutine):
    """Fails at number 4 until its ``patience``-th attempt, and notes what it took."""

    file: Path
    patience: int = 2

    def main_logic(self, data: dict[str, int]) -> None:
        assert self.message is not None
        if data["number"] == 4 and self.message.attempt < self.patience:
            raise RuntimeError("not yet")
        with self.file.open("a") as file:
            file.write(f"{data['number']} {self.message.attempt}\n")


class Held(Moody):
    """As Moody; is busy with the number ``at`` until there is a file ``gate``."""

    at: int
    gate: Path

    def main_logic(self, data: dict[str, int]) -> None:
        while data["number"] == self.at and not self.gate.exists():
            time.sleep(0.01)
        super().main_logic(data)


class Patient(DestinationRoutine):
    """Waits longer than its progress deadline at its first message, and says that this is no hang."""

    wait_s: float

    def main_logic(self, data: dict[str, int]) -> None:
        if self.message is not None and self.message.sequence == 0:
            with self.waiting():
                time.sleep(self.wait_s)

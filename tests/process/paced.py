"""Routines that tell when they got what."""

from __future__ import annotations

import time
from pathlib import Path

from pipertd import DestinationRoutine


class Stamp(DestinationRoutine):
    """Writes down of each message when it was captured and when it was taken; works on it for ``work_s``."""

    file: Path
    work_s: float = 0.0

    def setup(self) -> None:
        self.lines = self.file.open("a", buffering=1)

    def main_logic(self, data: object) -> None:
        assert self.message is not None
        self.lines.write(f"{self.message.capture_time_s!r} {time.monotonic()!r}\n")
        time.sleep(self.work_s)

    def cleanup(self) -> None:
        self.lines.close()


def stamps(file: Path) -> list[tuple[float, float]]:
    """What a Stamp wrote: of each message when it was captured and when it was taken, in seconds."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    whole = [line.split() for line in lines if line.endswith("\n")]
    return [(float(captured), float(taken)) for captured, taken in whole]

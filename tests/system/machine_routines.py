"""Routines that need limits."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from pipertd import DestinationRoutine, SourceRoutine


class Count(SourceRoutine):
    """Counts from 0."""

    def main_logic(self) -> dict[str, int]:
        return {"number": self.published}


class Take(DestinationRoutine):
    """Takes what comes."""

    def main_logic(self, data: dict[str, int]) -> None:
        pass


class Hoard(DestinationRoutine):
    """Fills 500 MB with its first message, when there is a file ``when``, which it takes away."""

    when: Path

    def main_logic(self, data: dict[str, int]) -> None:
        if self.when.exists():
            self.when.unlink()
            self.kept = b"x" * (500 << 20)


class Leave(DestinationRoutine):
    """Starts a process that wants to outlive it; its process id is in ``file``."""

    file: Path

    def setup(self) -> None:
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.file.write_text(f"{os.getpid()}")
            time.sleep(3600)
        while not (self.file.exists() and self.file.read_text()):
            time.sleep(0.01)

    def main_logic(self, data: dict[str, int]) -> None:
        pass

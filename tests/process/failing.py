"""Routines that fail in every way that has a name."""

from __future__ import annotations

import os
import signal
import time

from pipertd import DestinationRoutine


class Failing(DestinationRoutine):
    """Says its last words at number 3 of each generation, and then does ``what``."""

    what: str

    def setup(self) -> None:
        if self.what == "hang_in_setup":
            print("my last words")
            time.sleep(3600)  # here setup hangs

    def main_logic(self, data: dict[str, int]) -> None:
        if data["number"] >= 3:
            print("my last words")
            getattr(self, self.what, lambda: None)()

    def cleanup(self) -> None:
        if self.what == "hang_in_cleanup":
            time.sleep(3600)  # here cleanup hangs

    def exit(self) -> None:
        os._exit(3)

    def exit_cleanly(self) -> None:
        os._exit(0)

    def crash(self) -> None:
        signal.raise_signal(signal.SIGSEGV)  # here it is struck

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def hang(self) -> None:
        time.sleep(3600)  # here main_logic hangs

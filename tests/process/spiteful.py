"""Routines whose words would steer a terminal, and look like lines of ours."""

from __future__ import annotations

import logging
import time

from pipertd import DestinationRoutine, SourceRoutine, events

FORGED = "2026-01-01 00:00:00.000 INFO     pipertd: all is well"
SPITE = f"\x1b[2J\x9b31m\x07\u202e\u2028\r\n{FORGED}"


class Spite(SourceRoutine):
    """Sends, logs and prints it."""

    def main_logic(self) -> dict[str, str]:
        time.sleep(0.02)
        logging.getLogger(f"x{SPITE}").warning("said %s", SPITE)
        return {"text": SPITE, SPITE: "name"}


class Scold(DestinationRoutine):
    """Answers with it."""

    def main_logic(self, data: object) -> None:
        """Take it."""

    @events("SCOLD")
    def scold(self) -> None:
        raise RuntimeError(SPITE)

"""What stands beside the demo's flows while clients are tested: a routine that talks, and one that dies."""

from __future__ import annotations

import os
from typing import Any

from pipertd import DestinationRoutine, EndOfStream, SourceRoutine, events


class Frames(DestinationRoutine):
    """Warns of every third frame; the first record of each generation is what no terminal should obey."""

    def setup(self) -> None:
        try:
            raise RuntimeError("of two lines:\nthis is the second")
        except RuntimeError:
            self.logger.exception("\x1b[31mred\x1b[0m and \u202eturned\nhere too")

    def main_logic(self, data: dict[str, Any]) -> None:
        level = "warning" if data["frame"] % 3 == 0 else "info"
        getattr(self.logger, level)("frame %d", data["frame"])

    @events("ECHO")
    def echo(self, value: Any = None) -> Any:
        """Answer with what was given."""
        return value

    @events("FAIL")
    def fail(self) -> None:
        """Fail."""
        raise ValueError("because it was told to")


class Poison(SourceRoutine):
    """Some messages of one length."""

    amount: int

    def main_logic(self) -> dict[str, Any]:
        if self.published >= self.amount:
            raise EndOfStream
        return {"number": self.published}


class Victim(DestinationRoutine):
    """Dies of every message."""

    def main_logic(self, data: dict[str, Any]) -> None:
        self.logger.warning("a message kills me")
        os.abort()

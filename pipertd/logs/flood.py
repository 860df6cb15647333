"""How much one flow may write: so much at once, and so much a second; what is more is counted, and said.

Journald has a limit too, but one for the whole unit: a flow that floods would have the others' records suppressed. So
each flow keeps to one of its own. Warnings, other records, and what is printed to each
of the two outputs have allowances apart, so that none hides another.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from pipertd.clock import monotonic_s

BURST, A_SECOND = 10_000, 1_000  # records up to 1 KiB, or lines of prints; what is longer counts for more
_COUNTS_AS_ONE = 1024
_TOLD_EVERY_S = 5.0


class Allowance:
    """So much at once, which comes back at so much a second."""

    def __init__(self, burst: float, a_second: float, now_s: Callable[[], float]) -> None:
        self._burst, self._a_second, self._now_s = burst, a_second, now_s
        self._left, self._at_s = burst, now_s()

    def take(self, size: int) -> bool:
        """Whether something of ``size`` bytes may still be written; what is large is owed for."""
        now_s = self._now_s()
        self._left = min(self._burst, self._left + (now_s - self._at_s) * self._a_second)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1 + size // _COUNTS_AS_ONE
        return True


class Flood:
    """The allowances of one process, and what was suppressed since that was said."""

    def __init__(
        self, burst: float = BURST, a_second: float = A_SECOND, now_s: Callable[[], float] = monotonic_s
    ) -> None:
        self._records, self._warnings, *outputs = (Allowance(burst, a_second, now_s) for _ in range(4))
        self._outputs = dict(zip((1, 2), outputs, strict=True))
        self._now_s = now_s
        self._told_s = now_s() - _TOLD_EVERY_S
        self._suppressed = {"records": 0, "lines of prints": 0}

    def admits_record(self, level: int, size: int) -> bool:
        """Whether a record may be written; one that may not is counted."""
        allowance = self._warnings if level >= logging.WARNING else self._records
        return self._counted("records", allowance.take(size))

    def admits_line(self, output: int, size: int) -> bool:
        """Whether a line that was printed to descriptor 1 or 2 may be written; one that may not is counted."""
        return self._counted("lines of prints", self._outputs[output].take(size))

    def told(self, *, at_last: bool = False) -> str:
        """What was suppressed, in words, which is forgotten then; empty where nothing was, or it was said just now."""
        what = [f"{count} {kind}" for kind, count in self._suppressed.items() if count]
        now_s = self._now_s()
        if not what or (now_s - self._told_s < _TOLD_EVERY_S and not at_last):
            return ""
        self._told_s = now_s
        self._suppressed = dict.fromkeys(self._suppressed, 0)
        return " and ".join(what)

    def _counted(self, kind: str, is_admitted: bool) -> bool:
        self._suppressed[kind] += not is_admitted
        return is_admitted

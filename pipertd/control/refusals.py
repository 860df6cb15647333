"""Which refusals are logged: at most one a second of each caller, lest somebody wash the audit away with them.

The log is bounded, so whoever may make it write may make it forget. Who may change something is trusted; who is refused
is not.
"""

from __future__ import annotations

from dataclasses import dataclass

EVERY_S = 1.0
MOST_CALLERS = 1000


@dataclass
class _Told:
    """When a caller was last in the log, and how many of its refusals have not been since."""

    last_s: float
    silent: int = 0


class Refusals:
    """The refusals of one door, by the name of who was refused."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def count(self, name: str, now_s: float) -> int | None:
        """How many refusals of ``name`` a line about this one stands for; None where there is to be no line."""
        told = self._told.get(name)
        if told is not None and now_s - told.last_s < EVERY_S:
            told.silent += 1
            return None
        if len(self._told) >= MOST_CALLERS:
            self._told.pop(next(iter(self._told)))
        self._told.pop(name, None)  # whoever was told of longest ago is the first to be forgotten
        self._told[name] = _Told(now_s)
        return 1 + (told.silent if told is not None else 0)

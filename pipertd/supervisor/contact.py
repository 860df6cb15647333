"""Contact with a flow that lives: whether it still hears its daemon. Pure: facts and times in, a finding out.

A thread of its own dials the daemon and answers each Ping. Where that thread died or hangs, no event and no stop comes
through, though the routines go on and no watchdog has anything to say. So silence counts only while routines show
life: a flow whose interpreter is held, or that is held as a whole, is the watchdogs' business. A look that comes late
counts as one in time, for then the daemon was held itself.
"""

from __future__ import annotations

from enum import Enum, auto

_LONGEST_LOOK_S = 1.5


class Finding(Enum):
    """What is to be done."""

    NOTHING = auto()
    ASK = auto()
    LOST = auto()


class Contact:
    """How long one process has been silent."""

    def __init__(self, now_s: float) -> None:
        self.silent_s = 0.0
        self._asked = False
        self._looked_s = now_s

    def heard(self) -> None:
        """It dialled, or said something."""
        self.silent_s, self._asked = 0.0, False

    def look(self, now_s: float, allowed_s: float, *, connected: bool, lives: bool) -> Finding:
        """What to do now; half-way to ``allowed_s`` whoever is connected is asked whether it hears."""
        passed_s, self._looked_s = min(now_s - self._looked_s, _LONGEST_LOOK_S), now_s
        if lives:
            self.silent_s += passed_s
        if connected and not self._asked:
            if self.silent_s < allowed_s / 2:
                return Finding.NOTHING
            self._asked, self.silent_s = True, allowed_s / 2
            return Finding.ASK
        return Finding.LOST if self.silent_s > allowed_s else Finding.NOTHING

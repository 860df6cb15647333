"""What is said of a daemon that went away, to somebody who reads a stream: one line when it is missed, none else."""

from __future__ import annotations

import sys

from pipertd.harmless import in_a_line


class Outage:
    """Says once that the daemon is away; when it was back, once more."""

    def __init__(self) -> None:
        self._said = False

    def begins(self, reason: object) -> None:
        """It does not answer, for this reason; called for every try in vain."""
        if not self._said:
            print(f"pipertctl: {in_a_line(str(reason))}; waiting for it", file=sys.stderr, flush=True)
        self._said = True

    def is_over(self) -> None:
        """It answered."""
        self._said = False

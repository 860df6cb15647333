"""Something that is said once a second at most, with how often it was so: nobody can wash a log away with it."""

from __future__ import annotations

import time

PAUSE_S = 1.0


class Seldom:
    """One kind of thing to say."""

    def __init__(self) -> None:
        self._last_s = float("-inf")
        self._count = 0

    def due(self) -> int:
        """How often it was so since it was said last; 0 where it was said just now."""
        self._count += 1
        now_s = time.monotonic()
        if now_s - self._last_s < PAUSE_S:
            return 0
        count, self._count, self._last_s = self._count, 0, now_s
        return count

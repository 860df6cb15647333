"""Something that is to happen later: at most one thing at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """One call that is due; a new one takes the place of the one before."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def set(self, delay_s: float, then: Callable[[], None]) -> None:
        """Call it after this time."""
        self.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay_s, then)

    def set_in_step(self, period_s: float, then: Callable[[], None]) -> None:
        """Call it after about this time, when all others with this period are called: one waking does for all."""
        to_next_s = period_s - asyncio.get_running_loop().time() % period_s
        self.set(to_next_s if to_next_s > period_s / 2 else to_next_s + period_s, then)

    def cancel(self) -> None:
        """Call nothing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

"""Pacing: how often a routine may run."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from pipertd.clock import monotonic_s


class Pace:
    """A steady clock of ``fps`` beats a second.

    Its ticks lie on a grid that begins with the first beat, so it does not drift, however late each beat is. A beat
    that is late happens at once and uses up the ticks that it missed. The next one is the first tick that is at least
    half a period away: late beats are not bunched, and over any time there are no more of them than ticks.

    Attributes:
        fps: beats a second; None is no limit.
        period_s: seconds from tick to tick; 0 where there is no limit.
    """

    def __init__(self, fps: float | None, clock: Callable[[], float] = monotonic_s) -> None:
        """``clock`` tells the time in seconds."""
        self._clock = clock
        self._beat_s: float | None = None  # when the last beat happened
        self._grid_s, self._tick = 0.0, 0  # when the grid begins, and which tick of it is next
        self.fps = fps
        self.period_s = 1 / fps if fps else 0.0

    def change(self, fps: float | None) -> None:
        """Keep another pace from now on, also for who waits for a beat of the old one: a new grid begins."""
        self.fps = fps
        self._set_period(1 / fps if fps else 0.0)

    def _set_period(self, period_s: float) -> None:
        if period_s == self.period_s:
            return
        self.period_s = period_s
        if self._beat_s is not None:
            self._grid_s, self._tick = max(self._beat_s + period_s, self._clock()), 0

    def wait_s(self) -> float:
        """Seconds until the next beat; 0 or less means now."""
        if not self.period_s or self._beat_s is None:
            return 0.0
        return self._grid_s + self._tick * self.period_s - self._clock()

    def beat(self) -> None:
        """A beat happens now."""
        now_s = self._clock()
        if self._beat_s is None:
            self._grid_s = now_s
        self._beat_s = now_s
        if self.period_s:
            self._tick = max(self._tick + 1, ceil((now_s - self._grid_s) / self.period_s + 0.5))

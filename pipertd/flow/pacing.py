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
        followed_s: seconds from tick to tick that the synchroniser asks for; 0 where it asks for none.
        period_s: seconds from tick to tick: the longer of both; 0 where there is no limit.
    """

    def __init__(self, fps: float | None, clock: Callable[[], float] = monotonic_s) -> None:
        """``clock`` tells the time in seconds."""
        self._clock = clock
        self._beat_s: float | None = None  # when the last beat happened
        self._grid_s, self._tick = 0.0, 0  # when the grid begins, and which tick of it is next
        self.fps = fps
        self.followed_s = 0.0
        self.period_s = self.fps_period_s

    @property
    def fps_period_s(self) -> float:
        """Seconds from tick to tick by ``fps`` alone; 0 where it is no limit."""
        return 1 / self.fps if self.fps else 0.0

    def change(self, fps: float | None) -> None:
        """Keep another pace from now on, also for who waits for a beat of the old one: a new grid begins."""
        self.fps = fps
        self._renew()

    def follow(self, period_s: float) -> None:
        """Beat no more often than this from now on, whatever ``fps`` allows; 0 takes it back."""
        self.followed_s = period_s
        self._renew()

    def _renew(self) -> None:
        period_s = max(self.fps_period_s, self.followed_s)
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

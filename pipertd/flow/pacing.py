"""Pacing: how often a routine may run."""

from __future__ import annotations

from pipertd.clock import monotonic_s


class Pace:
    """A steady clock of ``fps`` beats a second: free of drift, and beats that were missed are not bunched."""

    def __init__(self, fps: float | None) -> None:
        self._due_s = 0.0
        self.fps = fps  # beats a second; None is no limit

    def change(self, fps: float | None) -> None:
        """Keep another pace from now on, also for who waits for a beat of the old one."""
        self.fps = fps
        if fps:
            self._due_s = min(self._due_s, monotonic_s() + 1 / fps)

    def wait_s(self) -> float:
        """Seconds until the next beat; 0 or less means now."""
        return self._due_s - monotonic_s() if self.fps else 0.0

    def beat(self) -> None:
        """A beat happened."""
        if self.fps:
            period_s, now_s = 1 / self.fps, monotonic_s()
            self._due_s += period_s
            if self._due_s < now_s:  # a whole period late: go on from here
                self._due_s = now_s + period_s if self._due_s + period_s < now_s else now_s

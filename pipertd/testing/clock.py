"""A clock that moves only when it is told to."""

from __future__ import annotations


class VirtualClock:
    """Seconds, as ``time.monotonic`` gives them; calling it tells the time.

    Where a routine reads a clock of Python's own, put this one in its place: ``monkeypatch.setattr("camera.monotonic",
    routine.clock)``.
    """

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        if seconds < 0:
            raise ValueError(f"cannot advance by {seconds} s: time does not go back")
        self.now_s += seconds

    def __call__(self) -> float:
        """The time now, in seconds."""
        return self.now_s

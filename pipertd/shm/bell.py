"""A routine's wake-up hint: one eventfd for input, room, events and returned leases.

Bells are hints, truth is in the words: check, then sleep; store, then ring. A lost ring costs at most one tick.
"""

from __future__ import annotations

import os
import select

TICK_S = 1.0


def create_bell() -> int:
    """A new bell; returns its close-on-exec descriptor."""
    return os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)


def ring(fd: int) -> None:
    """Wake whoever sleeps on the bell, now or at its next sleep. Never blocks; safe in ``__del__``."""
    try:
        os.eventfd_write(fd, 1)
    except BlockingIOError:
        pass  # the counter is full: it rings already


class Bell:
    """The sleeping side of a bell. ``poll`` waits on a monotonic clock and is not fooled by a clock set back."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._poll = select.poll()
        self._poll.register(fd, select.POLLIN)

    def sleep(self, timeout_s: float = TICK_S) -> bool:
        """Sleep until it rings, or at most ``timeout_s`` and never longer than a tick; whether it rang."""
        rang = bool(self._poll.poll(max(0.0, min(timeout_s, TICK_S)) * 1000))
        if rang:
            try:
                os.eventfd_read(self.fd)
            except BlockingIOError:
                pass  # drained by an earlier read; the hint was the wake-up itself
        return rang

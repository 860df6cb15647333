"""A routine's wake-up hint: one pipe for input, room, events and returned leases.

Bells are hints, truth is in the words: check, then sleep; store, then ring. A lost ring costs at most one tick. A pipe,
and no eventfd, because whoever may look at a process can open its pipes once more through /proc, after a crash of the
daemon say, and cannot open its eventfds.
"""

from __future__ import annotations

import fcntl
import os
import select

TICK_S = 1.0
_PAGE = os.sysconf("SC_PAGE_SIZE")  # the smallest pipe there is, so that one read drains it


def create_bell() -> int:
    """A new bell; returns its close-on-exec descriptor, by which it is rung and slept on."""
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, _PAGE)
        return os.open(f"/proc/self/fd/{reading}", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    finally:
        os.close(reading)
        os.close(writing)


def ring(fd: int) -> None:
    """Wake whoever sleeps on the bell, now or at its next sleep. Never blocks; safe in ``__del__``."""
    try:
        os.write(fd, b"!")
    except BlockingIOError:
        pass  # the pipe is full: it rings already


def drain(fd: int) -> None:
    """Take all rings off the bell."""
    try:
        os.read(fd, _PAGE)
    except BlockingIOError:
        pass  # drained by an earlier read; the hint was the wake-up itself


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
            drain(self.fd)
        return rang

"""The guard of a link that drops its oldest message: only one of its two ends may touch the oldest at a time.

A byte of a lock segment, held by ``fcntl.lockf``: the kernel frees it when its holder dies, however it dies. Because
the kernel also frees it when the process closes any descriptor of the file, a flow never closes the lock segment's.
"""

from __future__ import annotations

import fcntl
import time

FIRST_PAUSE_S, LONGEST_PAUSE_S = 20e-6, 1e-3


class Guard:
    """One end's handle of a link's guard. Two threads of one process do not exclude each other: an end is a process."""

    def __init__(self, fd: int, byte: int) -> None:
        self._fd = fd
        self._byte = byte

    def acquire(self, patience_s: float) -> bool:
        """Whether the guard is held now; the other end keeps it for microseconds, unless it is stopped meanwhile."""
        deadline_s, pause_s = time.monotonic() + patience_s, FIRST_PAUSE_S
        while True:
            try:
                fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._byte)
            except (BlockingIOError, PermissionError):
                if time.monotonic() >= deadline_s:
                    return False
            else:
                return True
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def release(self) -> None:
        """Let the other end in."""
        fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, self._byte)

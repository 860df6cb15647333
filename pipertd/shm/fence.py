"""The one memory fence."""

from __future__ import annotations

import threading

_lock = threading.Lock()
_lock.acquire()


def fence() -> None:
    """Order what was stored before against what is loaded after.

    x86-64 may let a later load overtake an earlier store; only the ``asleep`` word needs to forbid it. Releasing and
    taking an uncontended lock is an atomic read-modify-write on every platform that CPython runs on. Another thread
    that fences at the same moment may hold the lock for an instant: then the acquire fails, which is as good a fence.
    """
    try:
        _lock.release()
    except RuntimeError:  # another thread released it first; its acquire below or ours restores it
        pass
    _lock.acquire(blocking=False)

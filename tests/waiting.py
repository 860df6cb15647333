"""How a test waits: for a condition, with a deadline, never for a length of time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_FIRST_PAUSE_S = 0.001
_LONGEST_PAUSE_S = 0.05


def wait_until(condition: Callable[[], T], deadline_s: float = 120.0, what: str = "") -> T:
    """Return the first true value of ``condition``; AssertionError naming ``what`` after ``deadline_s``.

    The deadline is there to end a broken test, not to measure: make it long.
    """
    end_s = time.monotonic() + deadline_s
    pause_s = _FIRST_PAUSE_S
    while not (value := condition()):
        if time.monotonic() >= end_s:
            waited_for = what or getattr(condition, "__name__", repr(condition))
            raise AssertionError(f"waited {deadline_s:g} s for: {waited_for}; last value {value!r}")
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
    return value

"""The clocks: durations are float seconds on a monotonic clock; wall time is only ever shown."""

from __future__ import annotations

import time

NS = 1_000_000_000


def monotonic_s() -> float:
    """Seconds on CLOCK_MONOTONIC, the same in every process of this boot; stands still during suspend."""
    return time.monotonic_ns() / NS


def wall_s() -> float:
    """Seconds since the epoch; may jump, so nothing is decided by it."""
    return time.time()

"""Units as people write them: ``100ms 5s 2min 1h`` and ``64K 256M 2G`` (powers of 1024)."""

from __future__ import annotations

import re

SHORTEST_PROGRESS_S = 2.0
LONGEST_S = 10_000 * 3600.0  # more than a year; far below what clocks and timers take
LARGEST_BYTES = 1 << 46  # what one process can map, less a half

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
_BYTES = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_DURATION = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*(us|ms|s|min|h)")
_SIZE = re.compile(r"(\d{1,18})\s*([KMGT]?)")
_LIMIT = re.compile(r"(\d{1,6})\s+in\s+(.+)")


def duration_s(text: object) -> float:
    """Seconds of ``100ms``, ``5s``, ``2min`` or ``1h``; ValueError for anything else."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise ValueError("a duration is a number with a unit, such as 100ms, 5s, 2min or 1h")
    seconds = float(match[1]) * _SECONDS[match[2]]
    if seconds > LONGEST_S:
        raise ValueError(f"a duration is at most {LONGEST_S / 3600:g}h")
    return seconds


def deadline_s(text: object) -> float:
    """A duration above 0; ValueError for anything else."""
    seconds = duration_s(text)
    if not seconds:
        raise ValueError("a deadline is above 0, such as 100ms, 5s, 2min or 1h")
    return seconds


def progress_s(text: object) -> float:
    """A deadline that a routine can meet which has nothing to do; ValueError for anything else."""
    seconds = deadline_s(text)
    if seconds < SHORTEST_PROGRESS_S:
        why = "a routine that waits gives a sign of life once a second"
        raise ValueError(f"{why}, so a progress deadline is {SHORTEST_PROGRESS_S:g}s or more")
    return seconds


def size_bytes(text: object) -> int:
    """Bytes of ``64K``, ``256M``, ``2G`` or a plain number; ValueError for anything else."""
    if isinstance(text, int) and not isinstance(text, bool):
        size = text
    else:
        match = _SIZE.fullmatch(text.strip()) if isinstance(text, str) else None
        size = int(match[1]) * _BYTES[match[2]] if match is not None else 0
    if not 0 < size <= LARGEST_BYTES:
        raise ValueError(f"a size is a number of bytes, such as 64K, 256M or 2G, and at most {LARGEST_BYTES >> 40}T")
    return size


def backoff_s(text: object) -> tuple[float, float]:
    """First and longest pause of ``100ms..30s``, in seconds; ValueError for anything else."""
    first, dots, most = text.partition("..") if isinstance(text, str) else ("", "", "")
    if not dots:
        raise ValueError("a backoff is written FIRST..MOST, such as 100ms..30s")
    pauses = duration_s(first), duration_s(most)
    if not 0 < pauses[0] <= pauses[1]:
        raise ValueError("a backoff begins above 0 and does not shrink, such as 100ms..30s")
    return pauses


def limit(text: object) -> tuple[int, float]:
    """Count and window in seconds of ``5 in 60s``; ValueError for anything else."""
    match = _LIMIT.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None or not int(match[1]) > 0:
        raise ValueError("a limit is written COUNT in DURATION, such as 5 in 60s")
    return int(match[1]), deadline_s(match[2])


def written_duration(seconds: float) -> str:
    """The duration as a file has it: ``100ms``, ``60s``."""
    return f"{seconds * 1000:g}ms" if 0 < seconds < 1 else f"{seconds:g}s"


def written_size(size: int) -> str:
    """The size as a file has it, in the largest unit that is exact: ``256M``."""
    unit, unit_bytes = max(((unit, each) for unit, each in _BYTES.items() if not size % each), key=lambda pair: pair[1])
    return f"{size // unit_bytes}{unit}"

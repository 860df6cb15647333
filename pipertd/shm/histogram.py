"""Durations counted in words: eight buckets an octave, from a microsecond to half an hour, within nine per cent."""

from __future__ import annotations

from collections.abc import Sequence

BUCKETS = 248
_FIRST_OCTAVE = 10  # 2**10 ns: all that is shorter shares the first bucket
_STEPS = 8


def bucket_of(duration_ns: int) -> int:
    """The bucket that counts a duration."""
    return _SHORT[duration_ns >> _GRAIN] if duration_ns < _LONG_NS else _worked_out(duration_ns)


def _worked_out(duration_ns: int) -> int:
    octave = duration_ns.bit_length() - 1
    if octave < _FIRST_OCTAVE:
        return 0
    bucket = (octave - _FIRST_OCTAVE) * _STEPS + ((duration_ns >> (octave - 3)) & (_STEPS - 1))
    return bucket if bucket < BUCKETS else BUCKETS - 1


# What is shorter than a millisecond is looked up: that takes half the time. No bucket begins within a grain of 128 ns.
_GRAIN, _LONG_NS = 7, 1 << 20
_SHORT = bytes(_worked_out(duration_ns) for duration_ns in range(0, _LONG_NS, 1 << _GRAIN))


def upper_bound_ns(bucket: int) -> int:
    """The duration at which the bucket ends."""
    octave, step = divmod(bucket, _STEPS)
    return (_STEPS + step + 1) << (octave + _FIRST_OCTAVE - 3)


def quantile_s(counts: Sequence[int], share: float) -> float | None:
    """The duration in seconds that ``share`` of the counted ones do not exceed; None where nothing was counted."""
    total = sum(counts)
    if not total:
        return None
    wanted = share * total
    seen = 0
    for bucket, count in enumerate(counts):
        seen += count
        if seen >= wanted and count:
            return upper_bound_ns(bucket) / 1e9
    return upper_bound_ns(BUCKETS - 1) / 1e9

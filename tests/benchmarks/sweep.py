"""From 64 bytes to 24 MB over one link: the latency and the rate of everybody, for two plots."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks.figures import KIB, MIB, Side, bare_peers, ours
from tests.benchmarks.job import FULL_HD_BYTES, Job

SIZES_BYTES = (64, KIB, 4 * KIB, 64 * KIB, MIB, FULL_HD_BYTES, 24 * MIB)
FEW_SIZES_BYTES = (64, FULL_HD_BYTES)
VALUES = {"latency": "p50_us", "rate": "per_second"}
_BYTES_PER_SECOND = 60e6  # what a paced source sends at most, so that hardly anybody is ever behind
_LEAST_MESSAGES = 16
_LEAST_PACE, _MOST_PACE = 4.0, 500.0


def sides(kind: str, size_bytes: int) -> Sequence[Side]:
    """Everybody, ours first."""
    pace = min(_MOST_PACE, max(_LEAST_PACE, _BYTES_PER_SECOND / size_bytes)) if kind == "latency" else None
    job = Job(size_bytes=size_bytes, per_second=pace, seconds=max(1.0, _LEAST_MESSAGES / pace) if pace else 1.0)
    return (ours(job), *bare_peers(job).values())

"""Durations in buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipertd.shm.histogram import BUCKETS, bucket_of, quantile_s, upper_bound_ns


@given(st.integers(1 << 11, 10**12))
def test_a_bucket_is_within_an_eighth(duration_ns: int) -> None:
    """The bound that is shown is above the duration, and not by more than an eighth."""
    bound_ns = upper_bound_ns(bucket_of(duration_ns))
    assert duration_ns <= bound_ns <= duration_ns * 9 / 8 + 1


def test_extremes_have_a_bucket() -> None:
    """Nothing is too short or too long to be counted."""
    assert bucket_of(0) == 0
    assert bucket_of(2**63) == BUCKETS - 1


def test_quantiles() -> None:
    """The median of many short and one long is short, the last percentile is not; of nothing there is none."""
    counts = [0] * BUCKETS
    assert quantile_s(counts, 0.5) is None
    counts[bucket_of(1_000_000)] = 98
    counts[bucket_of(1_000_000_000)] = 2
    assert quantile_s(counts, 0.5) == pytest.approx(1e-3, rel=0.13)
    assert quantile_s(counts, 0.99) == pytest.approx(1.0, rel=0.13)

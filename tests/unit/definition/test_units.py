"""Durations, sizes, backoffs and limits as people write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipertd.definition import units


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (units.duration_s, "100ms", 0.1),
        (units.duration_s, "5s", 5.0),
        (units.duration_s, "1.5min", 90.0),
        (units.duration_s, "1h", 3600.0),
        (units.size_bytes, "64K", 65536),
        (units.size_bytes, "256M", 256 * 1024**2),
        (units.size_bytes, "2G", 2 * 1024**3),
        (units.size_bytes, 12, 12),
        (units.backoff_s, "100ms..30s", (0.1, 30.0)),
        (units.limit, "5 in 60s", (5, 60.0)),
    ],
)
def test_units_are_read(read: Callable[[object], object], text: object, value: object) -> None:
    """What the documentation shows is understood."""
    assert read(text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (units.duration_s, "5"),
        (units.duration_s, 5),
        (units.duration_s, "-1s"),
        (units.duration_s, "5 parsecs"),
        (units.size_bytes, "64KB"),
        (units.size_bytes, -1),
        (units.size_bytes, True),
        (units.backoff_s, "1s"),
        (units.backoff_s, "2s..1s"),
        (units.backoff_s, "0s..1s"),
        (units.limit, "5"),
        (units.limit, "0 in 60s"),
    ],
)
def test_anything_else_is_refused(read: Callable[[object], object], text: object) -> None:
    """A number without a unit, a negative one or a made-up unit is no guess of ours."""
    with pytest.raises(ValueError):
        read(text)

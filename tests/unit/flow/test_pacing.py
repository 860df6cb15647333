"""Pacing: a steady beat."""

from __future__ import annotations

import pytest

from pipertd.flow import pacing
from pipertd.flow.pacing import Pace


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pacing, "monotonic_s", clock)
    return clock


def test_a_new_pace_holds_at_once(clock: Clock) -> None:
    """Who waits for a beat of a slow pace waits no longer than a beat of the new one."""
    pace = Pace(0.001)
    pace.beat()
    assert pace.wait_s() >= 900
    pace.change(25)
    assert pace.wait_s() <= 0.041


def test_no_rate_never_waits(clock: Clock) -> None:
    """Without fps the next beat is now."""
    pace = Pace(None)
    pace.beat()
    assert pace.wait_s() == 0


def test_beats_do_not_drift(clock: Clock) -> None:
    """Whoever wakes a little late each time still makes the whole number of beats."""
    pace = Pace(10.0)
    started_s, beats = clock.now_s, 0
    while clock.now_s < started_s + 10:
        clock.now_s += max(0.0, pace.wait_s()) + 0.004
        pace.beat()
        beats += 1
    assert beats == pytest.approx(100, abs=1)


def test_missed_beats_are_not_bunched(clock: Clock) -> None:
    """After a long pause the next beats come a period apart, not all at once."""
    pace = Pace(10.0)
    pace.beat()
    clock.now_s += 5.0
    pace.beat()
    assert pace.wait_s() == pytest.approx(0.1)

"""Pacing: a steady beat."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipertd.flow.pacing import Pace


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def beats_of(pace: Pace, clock: Clock, late_s: list[float]) -> list[float]:
    """When each beat happens of a routine that is so late at each of them."""
    beats = []
    for each in late_s:
        clock.now_s += max(0.0, pace.wait_s()) + each
        pace.beat()
        beats.append(clock.now_s)
    return beats


def test_a_new_pace_holds_at_once(clock: Clock) -> None:
    """Who waits for a beat of a slow pace waits no longer than a beat of the new one."""
    pace = Pace(0.001, clock)
    pace.beat()
    assert pace.wait_s() >= 900
    pace.change(25)
    assert pace.wait_s() == pytest.approx(0.04)


def test_a_slower_pace_counts_from_the_last_beat(clock: Clock) -> None:
    """Whoever slows down does not make the beat that the faster pace had due."""
    pace = Pace(100, clock)
    pace.beat()
    clock.now_s += 0.005
    pace.change(10)
    assert pace.wait_s() == pytest.approx(0.095)


def test_no_rate_never_waits(clock: Clock) -> None:
    """Without fps the next beat is now."""
    pace = Pace(25, clock)
    pace.beat()
    pace.change(None)
    assert pace.wait_s() == 0
    pace.beat()
    assert pace.wait_s() == 0


def test_beats_do_not_drift(clock: Clock) -> None:
    """Whoever wakes a little late each time is no later at the last beat than at the first: 500 in 20 s of 25 fps."""
    beats = beats_of(Pace(25, clock), clock, [0.0, *[0.013] * 500])
    assert beats[-1] - beats[0] == pytest.approx(20.013)
    assert max(two - one for one, two in pairwise(beats)) < 0.08


def test_missed_beats_are_not_bunched(clock: Clock) -> None:
    """After a long pause the next beats come a period apart, on the old grid, not all at once."""
    pace = Pace(10.0, clock)
    pace.beat()
    clock.now_s += 5.0
    beats = [clock.now_s, *beats_of(pace, clock, [0.0] * 4)]
    assert [two - one for one, two in pairwise(beats[1:])] == pytest.approx([0.1] * 3)


@given(fps=st.floats(0.1, 1000), late=st.lists(st.floats(0.0, 3.0), min_size=2, max_size=60))
def test_never_more_beats_than_ticks(fps: float, late: list[float]) -> None:
    """However late beats are, no two are closer than half a period, and none is before its tick."""
    period_s, clock = 1 / fps, Clock()
    beats = beats_of(Pace(fps, clock), clock, [each * period_s for each in late])
    assert all(two - one >= 0.499 * period_s for one, two in pairwise(beats))
    assert all(beat - beats[0] >= (number - 0.001) * period_s for number, beat in enumerate(beats))


@given(late=st.lists(st.floats(0.0, 0.49), min_size=2, max_size=60))
def test_what_is_late_by_less_than_half_a_period_costs_no_beat(late: list[float]) -> None:
    """Beats that are a little late, each by another time, are as many as there are ticks."""
    clock = Clock()
    beats = beats_of(Pace(1.0, clock), clock, [0.0, *late])
    assert beats[-1] - beats[0] == pytest.approx(len(late) + late[-1])

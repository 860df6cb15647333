"""Rates, and who is named as blocking."""

from __future__ import annotations

import pytest

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.names import RoutineRef
from pipertd.supervisor.figures import Figures, Rates
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.view import State

A, B = RoutineRef("a", "r"), RoutineRef("b", "r")
LINK = Link(A, B)
PIPELINE = Pipeline(
    "p",
    (Flow("a", (Routine("r", "m:A"),)), Flow("b", (Routine("r", "m:B"),))),
    (LINK,),
    shm_limit=4 << 20,
)


@pytest.mark.parametrize(
    ("notes", "rate"),
    [
        ([], 0.0),
        ([(1.0, 5)], 0.0),
        ([(1.0, 5), (3.0, 25)], 10.0),
        ([(0.0, 0), (10.0, 1000), (12.0, 1000), (15.0, 1000)], 0.0),
        ([(1.0, 25), (2.0, 0)], 0.0),
    ],
)
def test_rate_is_that_of_the_last_seconds(notes: list[tuple[float, int]], rate: float) -> None:
    """What was long ago does not count, and a counter that begins anew is not negative."""
    rates = Rates()
    for now_s, handled in notes:
        rates.note_routine(A, now_s, handled, 0.0)
        rates.note_link(LINK, now_s, handled)
    assert rates.of_routine(A) == rates.of_link(LINK) == rate


def test_busy_is_a_share_of_the_time() -> None:
    """Time in ``main_logic`` over time that went by; a clock read a moment later makes it no more than all."""
    rates = Rates()
    rates.note_routine(A, 1.0, 0, 0.5)
    rates.note_routine(A, 3.0, 0, 1.0)
    rates.note_routine(B, 1.0, 0, 0.0)
    rates.note_routine(B, 2.0, 0, 1.01)
    assert (rates.busy(A), rates.busy(B)) == (0.25, 1.0)


def test_never_run_pipeline_has_all_its_routines_and_links() -> None:
    """Status shows what there is before anything runs."""
    figures = Figures.blank(PIPELINE)
    assert [(one.flow, one.name, one.handled) for one in figures.routines] == [("a", "r", 0), ("b", "r", 0)]
    assert [(link.source, link.destination, link.produced) for link in figures.links] == [("a/r", "b/r", 0)]


def test_routine_of_a_dead_flow_shows_the_flows_state() -> None:
    """The last word of an earlier generation is not shown as what happens now."""
    segments = PipelineSegments(PIPELINE)
    try:
        states = {"a": (State.BACKING_OFF, 2, False), "b": (State.RUNNING, 1, False)}
        figures = Figures.read(PIPELINE, segments, states, Rates())
    finally:
        segments.close()
    assert [one.state for one in figures.routines] == ["BACKING_OFF", "RUNNING"]

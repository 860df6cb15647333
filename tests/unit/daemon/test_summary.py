"""What is said at the end of a run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipertd.daemon.summary import document, duration, in_a_line, is_balanced, is_success, summary
from pipertd.supervisor.view import FlowView, LinkView, PipelineView, RoutineView, State

LINK = LinkView("a/x", "b/y", "wait", 4, 10, 7, 0, {"oldest": 2, "stale": 1}, 0, 0, 0, 0)
VIEW = PipelineView(
    name="p",
    description="",
    state=State.EXITED,
    seconds=1.5,
    flows=(FlowView("a", State.EXITED, None, 3, 2, 0.1, "its stream ended"),),
    routines=(RoutineView("a", "x", "source", "EXITED", 10, 0, 6.7, 0.5, 0.001, 0.25),),
    links=(LINK,),
    end_to_end_p50_s=0.002,
)


def test_document_has_the_promised_fields() -> None:
    """The document is JSON with one entry a link, whose names are the contract."""
    made = json.loads(json.dumps(document(VIEW)))
    assert {"pipeline", "state", "seconds", "flows", "routines", "links"} <= made.keys()
    assert made["links"][0] == {
        "from": "a/x",
        "to": "b/y",
        "policy": "wait",
        "depth": 4,
        "produced": 10,
        "delivered": 7,
        "failed": 0,
        "dropped": {"oldest": 2, "stale": 1},
        "quarantined": 0,
        "in_flight": 0,
    }


@pytest.mark.parametrize(
    ("change", "success"),
    [
        ({}, True),
        ({"state": State.STOPPED}, True),
        ({"state": State.FAILED}, False),
        ({"links": (replace(LINK, delivered=6),)}, False),
        ({"links": (replace(LINK, delivered=6, failed=1),)}, False),
        ({"links": (replace(LINK, delivered=6, quarantined=1),)}, False),
        ({"routines": (replace(VIEW.routines[0], failed=1),)}, False),
    ],
)
def test_success_is_nothing_failed_and_all_accounted_for(change: dict[str, object], success: bool) -> None:
    """Drops by policy are no failure; a failed message, a failed flow or a missing one is."""
    assert is_success(replace(VIEW, **change)) is success  # type: ignore[arg-type]


def test_summary_shows_the_balance() -> None:
    """Each link is one line that adds up, or visibly does not."""
    line = (
        "a/x -> b/y: 10 produced = 7 delivered + 0 failed + 3 dropped (oldest 2, stale 1) + 0 quarantined + 0 in flight"
    )
    assert line in summary(VIEW).splitlines()
    assert "10 produced ≠ 6" in summary(replace(VIEW, links=(replace(LINK, delivered=6),)))
    assert is_balanced(LINK)


def test_durations_are_readable() -> None:
    """Three digits and a unit."""
    assert [duration(value) for value in (None, 0.0000032, 0.0123, 4.0)] == ["-", "3.2 µs", "12.3 ms", "4 s"]


def shown(*flows: tuple[State, bool]) -> PipelineView:
    """A pipeline with flows in these states, paused or not."""
    views = (
        FlowView(f"f{place}", state, None, 1, 0, 0.0, paused=paused) for place, (state, paused) in enumerate(flows)
    )
    return replace(VIEW, flows=tuple(views))


RUNNING, PAUSED, STOPPED = (State.RUNNING, False), (State.RUNNING, True), (State.STOPPED, True)


@pytest.mark.parametrize(
    ("pipelines", "invalid", "line"),
    [
        ([], 0, "0 pipelines, 0 flows running"),
        ([], 1, "0 pipelines, 0 flows running, 1 definition invalid"),
        ([shown(RUNNING)], 0, "1 pipeline, 1 flow running"),
        ([shown(RUNNING, RUNNING), shown(RUNNING)], 2, "2 pipelines, 3 flows running, 2 definitions invalid"),
        ([shown(RUNNING, PAUSED, STOPPED)], 0, "1 pipeline, 1 flow running, 1 stopped, 1 paused"),
        (
            [shown(*((state, False) for state in State if state is not State.KILLING))],
            0,
            "1 pipeline, 1 flow running, 1 failed, 1 backing off, 1 starting, 1 stopping, 1 stopped, 1 exited",
        ),
    ],
)
def test_the_line_of_status_is_what_a_person_asks_first(pipelines: list[PipelineView], invalid: int, line: str) -> None:
    """How many there are and run, then what is to be looked after, the worst first; a paused flow counts as that."""
    assert in_a_line(pipelines, invalid) == line

"""What is said at the end of a run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pipertd.daemon.summary import document, duration, is_balanced, is_success, summary
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

"""The flows of a status as a table for people."""

from __future__ import annotations

import pytest

from pipertd.client.records import Flow, Link, Pipeline, Pressure, Routine
from pipertd.ctl.screen import pipeline_lines
from pipertd.ctl.terminal import WHOLE, Style


def lines(
    *,
    failure: str | None = None,
    pressure: Pressure | None = None,
    reason: str = "was killed by SIGKILL",
    style: Style = WHOLE,
) -> str:
    """The pipeline ``p`` with the flow ``b``."""
    flow = Flow("b", "RUNNING", 7, 2, 1, 3.0, reason, failure, pressure)
    return "\n".join(pipeline_lines(Pipeline("p", "", "RUNNING", 3.0, (flow,), (), (), None, None), style))


def flow_table(*, failure: str | None = None, pressure: Pressure | None = None) -> tuple[list[str], list[str]]:
    """The header and the only row, cell by cell."""
    header, row = lines(failure=failure, pressure=pressure).split("\n\n")[1].splitlines()
    starts = [place for place, sign in enumerate(header) if sign != " " and header[place - 2 : place] in ("", "  ")]
    ends = [*starts[1:], max(len(header), len(row))]
    cells = [[line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in (header, row)]
    return cells[0], cells[1]


@pytest.mark.parametrize(
    ("pressure", "shown"),
    [
        (Pressure(0.25, 0.0, 0.031), "cpu 25% io 3%"),
        (Pressure(0.0, 1.0, 0.009), "memory 100%"),
    ],
)
def test_pressure_is_shown_where_it_is_worth_a_word(pressure: Pressure, shown: str) -> None:
    """What a flow lacks is named with its share; what it hardly lacks is not."""
    header, row = flow_table(pressure=pressure)
    assert dict(zip(header, row, strict=True))["PRESSURE"] == shown


@pytest.mark.parametrize("pressure", [None, Pressure(0.0, 0.0, 0.0)])
def test_columns_of_bad_news_need_some(pressure: Pressure | None) -> None:
    """A flow that never failed and lacks nothing has no such columns."""
    assert not {"PRESSURE", "FAILURE"} & set(flow_table(pressure=pressure)[0])


def test_failure_is_shown_above_its_reason() -> None:
    """The name is a column, and the words, which may be many, are a line of their own below the table."""
    header, row = flow_table(failure="out_of_memory")
    assert list(zip(header, row, strict=True))[-1] == ("FAILURE", "out_of_memory")
    assert lines().split("\n\n")[2] == "last end of b: was killed by SIGKILL"


def test_flow_that_never_ended_has_no_last_end() -> None:
    """Where there is nothing to say there is no line."""
    assert "last end" not in lines(reason="")


def test_flows_fit_a_terminal() -> None:
    """However much there is to say of its last end, a flow's row fits 80 columns."""
    reason = "was killed by SIGKILL (routine r shows no progress) " * 4
    for columns in (80, 40):
        failed = lines(failure="progress_deadline", reason=reason, style=Style(columns))
        assert max(map(len, failed.splitlines())) <= columns
    assert "progress_deadline" in failed


def test_what_became_of_messages_outlasts_who_keeps_slots() -> None:
    """Long names leave room for the counts of a link and for what blocks it, before they do for leases."""
    link = Link(
        *("capture/decode", "analyse/motion", "wait", 8, 239, 230, 0, {}, 0, 8, 1, 1, "analyse/motion", 10.4, 0.8, 1),
        ("report/objects",),
    )
    shown = "\n".join(pipeline_lines(Pipeline("p", "", "RUNNING", 3.0, (), (), (link,), None, None), Style(80)))
    assert max(map(len, shown.splitlines())) <= 80
    (titles,) = (line for line in shown.splitlines() if line.startswith("LINK"))
    assert "DELIVERED  IN FLIGHT" in titles
    assert titles.endswith("BLOCKED BY")
    assert "LEASED" not in titles


def test_a_source_that_is_held_shows_its_pace() -> None:
    """Beside what a routine does a second stands what it is held to, where something holds it."""
    free = Routine("a", "free", "source", "IDLE", 10, 0, 47.9, 0.1, None, None)
    held = Routine("a", "held", "source", "IDLE", 10, 0, 47.9, 0.1, None, None, 48.84)
    view = Pipeline("p", "", "RUNNING", 3.0, (), (free, held), (), None, None)
    free_row, held_row = (line for line in pipeline_lines(view, WHOLE) if line.strip().startswith("a/"))
    assert " 47.9/s " in free_row
    assert " 47.9 of 48.8/s " in held_row


def test_a_pipeline_that_never_ran_has_no_run_time() -> None:
    """Its title is its state alone: it is over after nothing."""
    never = Flow("b", "STOPPED", 0, 0, 0, 3.0, "", None, None)
    view = Pipeline("p", "two cameras", "STOPPED", 0.0, (never,), (), (), None, None)
    assert next(pipeline_lines(view, WHOLE)) == "p: STOPPED - two cameras"

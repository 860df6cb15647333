"""The rows of top."""

from __future__ import annotations

import pytest

from pipertd.client.records import Flow, Link, Pipeline, Routine, Status, Usage
from pipertd.ctl.terminal import Style
from pipertd.ctl.usage import COLUMNS, ORDERS, Shares, flow_table


def flow(name: str, cpu_s: float | None, *, generation: int = 1, memory: int = 1 << 20) -> Flow:
    usage = None if cpu_s is None else Usage(cpu_s, memory)
    return Flow(name, "RUNNING", 7, generation, 0, 3.0, "", None, None, False, usage)


def routine(flow: str, name: str, rate: float, busy: float) -> Routine:
    return Routine(flow, name, "middle", "IDLE", 10, 0, rate, busy, 0.001, 0.002 * rate)


def link(source: str, destination: str, waiting: int) -> Link:
    return Link(source, destination, "wait", 4, 10, 10, 0, {}, 0, waiting, 0, 0, "", 1.0, None, 0, ())


def status(*flows: Flow) -> Status:
    """The pipeline ``p`` with flows ``a`` and ``b``; ``b`` has two routines with a link between them."""
    routines = (routine("a", "count", 5.0, 0.1), routine("b", "first", 4.0, 0.2), routine("b", "last", 3.0, 0.9))
    links = (link("a/count", "b/first", 3), link("b/first", "b/last", 2))
    return Status("e", 1, (Pipeline("p", "", "RUNNING", 3.0, flows, routines, links, None, None),))


def rows(order: str = "name") -> list[list[str]]:
    found = status(flow("b", 1.0, memory=2 << 20), flow("a", 2.0))
    shares = {("p", "b", 1): 0.5, ("p", "a", 1): 0.02}
    return [line.split() for line in flow_table(found, shares, order, Style()).lines()]


def test_a_row_is_what_its_routines_do() -> None:
    """The busiest routine stands for a flow, and what waits before it counts, not what waits inside."""
    titles, a, b = rows()
    assert titles == ["FLOW", "STATE", "CPU", "MEMORY", "RATE", "BUSY", "WAITING", "P99", "FOR"]
    assert a == ["p/a", "RUNNING", "2%", "1M", "5.0/s", "10%", "0", "10", "ms", "3", "s"]
    assert b == ["p/b", "RUNNING", "50%", "2M", "4.0/s", "90%", "3", "8", "ms", "3", "s"]


@pytest.mark.parametrize(
    ("columns", "titles"), [(40, ["FLOW", "STATE", "CPU", "MEMORY", "RATE", "BUSY"]), (16, ["FLOW", "STATE"])]
)
def test_the_state_of_a_flow_is_there_in_any_width(columns: int, titles: list[str]) -> None:
    """What else is left out goes from the right, the share of a processor last."""
    table = flow_table(status(flow("a", 1.0), flow("b", 1.0)), {}, "name", Style(columns))
    assert next(table.lines()).split() == titles
    assert {"FLOW", "STATE", *table.left_out} == {"FLOW", "STATE"} | {each.title for each in COLUMNS} - set(titles)


@pytest.mark.parametrize(
    ("order", "first"),
    [("name", "p/a"), ("cpu", "p/b"), ("memory", "p/b"), ("rate", "p/a"), ("busy", "p/b"), ("waiting", "p/b")],
)
def test_rows_are_sorted(order: str, first: str) -> None:
    """By name, or with the most of something first."""
    assert rows(order)[1][0] == first
    assert order in ORDERS


def test_a_share_is_of_one_process_between_two_looks() -> None:
    """There is none at the first look, none of what was started meanwhile, and none where nothing runs."""
    shares = Shares()
    assert shares.between_looks(status(flow("a", 1.0), flow("b", 1.0))) == {}
    found = shares.between_looks(status(flow("a", 1.0), flow("b", 5.0)))
    assert (found["p", "a", 1], found["p", "b", 1] > 0) == (0.0, True)
    assert shares.between_looks(status(flow("a", 0.1, generation=2), flow("b", None))) == {}

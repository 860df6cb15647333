"""The order in which flows are stopped."""

from __future__ import annotations

from pipertd.definition.model import Flow, Link, Pipeline
from pipertd.names import RoutineRef
from pipertd.supervisor.order import stop_order


def pipeline(names: str, *edges: str) -> Pipeline:
    links = tuple(Link(RoutineRef(edge[0], "r"), RoutineRef(edge[1], "r")) for edge in edges)
    return Pipeline("p", tuple(Flow(name, ()) for name in names), links)


def test_senders_come_before_receivers() -> None:
    """What is on the way can arrive before its receiver is stopped."""
    assert list(stop_order(pipeline("cba", "ab", "bc"))) == ["a", "b", "c"]


def test_each_flow_waits_for_those_that_send_to_it() -> None:
    """Independent branches do not wait for each other."""
    order = stop_order(pipeline("abcd", "ac", "bd"))
    assert (order["c"], order["d"]) == (frozenset("a"), frozenset("b"))


def test_circle_of_flows_is_cut_at_the_first() -> None:
    """Flows that send to each other are still stopped, and nobody waits in a circle."""
    order = stop_order(pipeline("ab", "ab", "ba"))
    assert order == {"a": frozenset(), "b": frozenset("a")}


def test_links_within_a_flow_order_nothing() -> None:
    """A flow does not wait for itself."""
    assert stop_order(pipeline("a", "aa")) == {"a": frozenset()}

"""The order in which flows are stopped."""

from __future__ import annotations

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.names import RoutineRef
from pipertd.supervisor.order import fed_from_within, stop_order


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


def test_what_sources_of_the_flow_feed_is_found() -> None:
    """However many routines of it are between, and whatever else comes to them; what only others feed is not."""
    names = {"a": ("source",), "b": ("source", "first", "second", "other", "last")}
    flows = tuple(Flow(flow, tuple(Routine(name, "no:Code") for name in names[flow])) for flow in names)
    ends = ("b/source b/first", "b/first b/second", "a/source b/first", "a/source b/other", "b/other b/last")
    refs = [tuple(RoutineRef(*each.split("/")) for each in pair.split()) for pair in ends]
    links = tuple(Link(source, destination) for source, destination in refs)
    fed = fed_from_within(Pipeline("p", flows, links), "b")
    assert fed == {RoutineRef("b", name) for name in ("source", "first", "second")}

"""In which order flows are stopped: whoever sends before whoever receives, so that what is on the way arrives."""

from __future__ import annotations

from pipertd.definition.model import Pipeline
from pipertd.names import RoutineRef


def stop_order(pipeline: Pipeline) -> dict[str, frozenset[str]]:
    """Every flow, sources first, with the earlier ones that send to it.

    Where flows send to each other in a circle, the order of the file decides who is the first of it.
    """
    senders: dict[str, set[str]] = {flow.name: set() for flow in pipeline.flows}
    for link in pipeline.links:
        if not link.within_flow:
            senders[link.destination.flow].add(link.source.flow)
    order: dict[str, frozenset[str]] = {}
    while len(order) < len(senders):
        left = [name for name in senders if name not in order]
        free = [name for name in left if senders[name] <= order.keys()] or left[:1]
        for name in free:
            order[name] = frozenset(senders[name] & order.keys())
    return order


def fed_from_within(pipeline: Pipeline, flow: str) -> set[RoutineRef]:
    """The sources of a flow, and its other routines to which their messages come without leaving it."""
    fed = {ref for ref in pipeline.routines if ref.flow == flow and not pipeline.inputs_of(ref)}
    while more := {each.destination for each in pipeline.links if each.within_flow and each.source in fed} - fed:
        fed |= more
    return fed

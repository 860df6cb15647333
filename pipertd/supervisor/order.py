"""In which order flows are stopped: whoever sends before whoever receives, so that what is on the way arrives."""

from __future__ import annotations

from pipertd.definition.model import Pipeline


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

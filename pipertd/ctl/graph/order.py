"""The order in which routines are drawn: each behind those that send to it, neighbours close to each other."""

from __future__ import annotations

from pipertd.ctl.graph.graph import Edge, Graph


def drawing_order(graph: Graph) -> tuple[list[str], list[Edge]]:
    """The names of all nodes from sources to destinations, and the edges that lead back up, which close cycles.

    Behind a node come those that only waited for it, so that a line of routines is drawn as a line. Where every node
    waits for another there is a cycle, and the first of them in the definition is drawn next.
    """
    names = [node.name for node in graph.nodes]
    waits = {name: {each.source for each in graph.edges if each.destination == name} & {*names} for name in names}
    order: list[str] = []
    ready = [name for name in names if not waits[name]][::-1]
    while len(order) < len(names):
        if not ready:
            ready = [next(name for name in names if name not in order)]
        name = ready.pop()
        order.append(name)
        followers = [each.destination for each in graph.edges if each.source == name]
        for follower in reversed(dict.fromkeys(followers)):
            waits[follower].discard(name)
            if not waits[follower] and follower not in order and follower not in ready:
                ready.append(follower)
    place = {name: index for index, name in enumerate(order)}
    return order, [each for each in graph.edges if place[each.destination] <= place[each.source]]

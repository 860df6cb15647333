"""A pipeline for a terminal: a line for each routine, from sources down to destinations, and lanes for the links.

As ``git log --graph`` draws commits. Each link holds a lane from its source down to its destination:

    ● capture/decode   RUNNING  25.0/s
    ├─╮
    │ ● analyse/motion  RUNNING  24.8/s
    │ │
    ├─╯
    ● report/objects  RUNNING  24.8/s

A lane is two characters wide. Where that would leave too little for words, links are lines of words instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pipertd.ctl.graph.graph import Edge, Graph, Node
from pipertd.ctl.graph.order import drawing_order

_UNICODE = "●│├─╮┬╯┴┼┤…↺→"
_ASCII = dict(zip(_UNICODE, ["*", "|", "+", "-", ".", "+", "'", "+", "+", "+", "...", "back:", "->"], strict=True))
_LEAST_WORDS = 40  # columns


def drawing(graph: Graph, width: int = 80, *, ascii_only: bool = False) -> str:
    """The lines of the drawing, none longer than ``width``, with a newline behind each."""
    order, back = drawing_order(graph)
    canvas = _Canvas({node.name: node for node in graph.nodes}, width)
    forth = [each for each in graph.edges if each not in back]
    lines = [graph.title, "", *canvas.draw(order, forth)]
    if canvas.widest * 2 > width - _LEAST_WORDS:
        lines = [graph.title, "", *_in_words(graph.nodes, forth, width)]
    lines += [_cut(f"↺ {each.source} → {each.destination}: closes a cycle", width) for each in back]
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    return "".join(_ASCII.get(each, each) for each in text) if ascii_only else text


@dataclass
class _Canvas:
    """The lanes while they are drawn from the top down; a lane holds the edge that runs in it."""

    nodes: dict[str, Node]
    width: int
    lanes: list[Edge | None] = field(default_factory=list)
    widest: int = 0

    def draw(self, order: list[str], edges: list[Edge]) -> Iterator[str]:
        """A node and what leads to it at a time."""
        for name in order:
            mine = [lane for lane, edge in enumerate(self.lanes) if edge is not None and edge.destination == name]
            for lane in mine:
                yield from self._told(lane)
            place = mine[0] if mine else self._free(0)
            yield from self._joined(place, mine[1:])
            yield self._row(place, "●", _told_of(self.nodes[name]))
            outs = [edge for edge in edges if edge.source == name]
            self._put(place, outs[0] if outs else None)
            yield from self._forked(place, outs[1:])

    def _told(self, lane: int) -> Iterator[str]:
        edge = self.lanes[lane]
        assert edge is not None
        if edge.said:
            short = edge.source.rpartition("/")[2]
            yield self._row(lane, "│", f"  {short} → {edge.destination.rpartition('/')[2]}: {edge.said}")

    def _joined(self, place: int, others: list[int]) -> Iterator[str]:
        """The other lanes that end at the node come over to it."""
        if others:
            yield self._across(place, others, last="╯", between="┴")
        for lane in others:
            self.lanes[lane] = None

    def _forked(self, place: int, outs: list[Edge]) -> Iterator[str]:
        """Every further edge gets a lane to the right."""
        taken = []
        for edge in outs:
            taken.append(self._free(place + 1))
            self._put(taken[-1], edge)
        if taken:
            yield self._across(place, taken, last="╮", between="┬")

    def _across(self, place: int, lanes: list[int], last: str, between: str) -> str:
        """A line from the lane ``place`` to others on its right."""
        end, drawn = max(lanes), ""
        for lane, edge in enumerate(self.lanes):
            if lane == place:
                drawn += "├─"
            elif lane in lanes:
                drawn += last if lane == end else f"{between}─"
                drawn += " " if lane == end else ""
            elif place < lane < end:
                drawn += "┼─" if edge is not None else "──"
            else:
                drawn += "│ " if edge is not None else "  "
        return drawn

    def _row(self, place: int, mark: str, words: str) -> str:
        drawn = "".join(
            f"{mark} " if lane == place else "│ " if edge is not None else "  " for lane, edge in enumerate(self.lanes)
        )
        return _cut(drawn.rstrip() + " " + words, self.width)

    def _free(self, beginning: int) -> int:
        """The first lane that nothing runs in, from ``beginning`` on."""
        for lane in range(beginning, len(self.lanes)):
            if self.lanes[lane] is None:
                return lane
        self.lanes.append(None)
        self.widest = max(self.widest, len(self.lanes))
        return len(self.lanes) - 1

    def _put(self, lane: int, edge: Edge | None) -> None:
        self.lanes[lane] = edge


def _in_words(nodes: Iterable[Node], edges: Iterable[Edge], width: int) -> Iterator[str]:
    """A line for each node, and below it one for each of its edges."""
    for node in nodes:
        yield _cut(f"● {_told_of(node)}", width)
        for edge in edges:
            if edge.source == node.name:
                yield _cut(f"│   → {edge.destination}{f': {edge.said}' if edge.said else ''}", width)


def _told_of(node: Node) -> str:
    return "  ".join(each for each in (node.name, node.state, node.said) if each)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else line[: width - 1] + "…"

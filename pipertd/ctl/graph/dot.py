"""A pipeline for Graphviz: ``pipertctl graph street --format dot | dot -Tsvg > street.svg``."""

from __future__ import annotations

from collections.abc import Iterator

from pipertd.ctl.graph.graph import Edge, Graph

_COLOURS = {"RUNNING": "darkgreen", "FAILED": "red", "BACKING_OFF": "orange"}


def drawing(graph: Graph) -> str:
    """The graph's text."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    yield f"digraph {_quoted(graph.title)} {{"
    yield f'  graph [rankdir=LR, label={_quoted(graph.title)}, labelloc=t, fontname="sans-serif"];'
    yield '  node [shape=box, style=rounded, fontname="sans-serif"];'
    yield '  edge [fontname="sans-serif", fontsize=10];'
    for index, (flow, nodes) in enumerate(graph.flows()):
        state = nodes[0].state
        yield f"  subgraph cluster_{index} {{"
        colour = _COLOURS.get(state.partition(",")[0], "gray40")
        yield f"    label={_quoted(f'{flow} ({state})' if state else flow)}; color={colour};"
        for node in nodes:
            yield f"    {_quoted(node.name)} [label={_quoted(node.routine, node.said)}];"
        yield "  }"
    for edge in graph.edges:
        yield f"  {_quoted(edge.source)} -> {_quoted(edge.destination)} [{_told(edge)}];"
    yield "}"


def _told(edge: Edge) -> str:
    return f"label={_quoted(edge.said)}{', color=red' if edge.blocked else ''}"


def _quoted(*lines: str) -> str:
    """Text in quotes, its lines one below the other. In a quoted text only quotes and backslashes mean something."""
    escaped = [line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") for line in lines if line]
    return '"' + "\\n".join(escaped) + '"'

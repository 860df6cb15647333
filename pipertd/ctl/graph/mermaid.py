"""A pipeline for Mermaid, which web pages and Markdown viewers draw.

Source: https://mermaid.js.org/syntax/flowchart.html, on entity codes and quoted text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipertd.ctl.graph.graph import Edge, Graph


def drawing(graph: Graph) -> str:
    """The flowchart's text. Names are words in quotes and never part of its syntax: nodes are numbered."""
    return "".join(f"{line}\n" for line in _lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    numbers = {node.name: f"r{index}" for index, node in enumerate(graph.nodes)}
    yield from ("---", f"title: {json.dumps(graph.title)}", "---", "flowchart LR")
    for index, (flow, nodes) in enumerate(graph.flows()):
        state = nodes[0].state
        yield f'  subgraph f{index}["{_quoted(f"{flow} ({state})" if state else flow)}"]'
        for node in nodes:
            words = f"{_quoted(node.routine)}<br/>{_quoted(node.said)}" if node.said else _quoted(node.routine)
            yield f'    {numbers[node.name]}["{words}"]'
        yield "  end"
    for edge in graph.edges:
        yield f"  {numbers[edge.source]} {_arrow(edge)} {numbers[edge.destination]}"


def _arrow(edge: Edge) -> str:
    line = "-.->" if edge.blocked else "-->"
    return f'{line}|"{_quoted(edge.said)}"|' if edge.said else line


def _quoted(text: str) -> str:
    """Every character that could end a quoted text or begin markup, as Mermaid's entity code."""
    return "".join(each if each.isalnum() or each in " _-./:,()" else f"#{ord(each)};" for each in text)

"""Graphs for tests: words in, nodes and edges out."""

from __future__ import annotations

from pipertd.ctl.graph.graph import Edge, Graph, Node


def graph(nodes: str, links: str, said: str = "") -> Graph:
    """Nodes by one letter each, all in flow ``f``; links as ``ab ac``."""
    return Graph(
        "p",
        tuple(Node("f", each) for each in nodes),
        tuple(Edge(f"f/{link[0]}", f"f/{link[1]}", said) for link in links.split()),
    )

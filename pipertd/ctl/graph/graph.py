"""What is drawn: routines, the links between them, and a few words on each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pipertd.ctl.screen import flow_state, rate

if TYPE_CHECKING:
    from pipertd.client import records
    from pipertd.definition import model


@dataclass(frozen=True)
class Node:
    """A routine.

    Attributes:
        state: of its flow; empty where it does not run.
        said: a few words, such as its rate or its class.
    """

    flow: str
    routine: str
    state: str = ""
    said: str = ""

    @property
    def name(self) -> str:
        """As links name it."""
        return f"{self.flow}/{self.routine}"


@dataclass(frozen=True)
class Edge:
    """A link between the nodes of these names; ``blocked`` where its producer waits for room on it."""

    source: str
    destination: str
    said: str = ""
    blocked: bool = False


@dataclass(frozen=True)
class Graph:
    """A pipeline: nodes in the order of its definition, and the edges between them."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def flows(self) -> Iterator[tuple[str, tuple[Node, ...]]]:
        """Each flow with its nodes."""
        for flow in dict.fromkeys(node.flow for node in self.nodes):
            yield flow, tuple(node for node in self.nodes if node.flow == flow)

    def at(self, flow: str | None, routine: str | None) -> Graph:
        """Only a flow or a routine, with the routines that it is linked to."""
        names = {each.name for each in self.nodes if flow in (None, each.flow) and routine in (None, each.routine)}
        edges = tuple(each for each in self.edges if {each.source, each.destination} & names)
        shown = names | {end for each in edges for end in (each.source, each.destination)}
        return replace(self, nodes=tuple(each for each in self.nodes if each.name in shown), edges=edges)


def of_running(pipeline: records.Pipeline) -> Graph:
    """What a pipeline does now: states, rates, what waits and what is blocked."""
    states = {flow.name: flow_state(flow) for flow in pipeline.flows}
    return Graph(
        f"{pipeline.name}: {pipeline.state}",
        tuple(Node(each.flow, each.name, states.get(each.flow, ""), rate(each.rate)) for each in pipeline.routines),
        tuple(
            Edge(link.source, link.destination, _running_link(link), bool(link.blocked_by)) for link in pipeline.links
        ),
    )


def _running_link(link: records.Link) -> str:
    """What is worth a word: what waits, and what was lost."""
    lost = {"failed": link.failed, "dropped": sum(link.dropped.values()), "quarantined": link.quarantined}
    words = [f"{link.waiting} of {link.depth} waiting"]
    words += [f"{count} {word}" for word, count in lost.items() if count]
    return ", ".join([*words, f"blocked by {link.blocked_by}"] if link.blocked_by else words)


def of_definition(pipeline: model.Pipeline) -> Graph:
    """What a definition says."""
    return Graph(
        pipeline.name,
        tuple(
            Node(flow.name, routine.name, "", routine.class_path.rpartition(":")[2])
            for flow in pipeline.flows
            for routine in flow.routines
        ),
        tuple(
            Edge(str(link.source), str(link.destination), f"{link.policy.value}, depth {link.depth}")
            for link in pipeline.links
        ),
    )

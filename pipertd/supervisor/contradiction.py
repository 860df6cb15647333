"""A manifest that can be read and makes no sense: it is told before anything is done by it. Pure.

Flows are of the daemon's user, and could have changed it; a daemon that failed of it would fail again at each start.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Iterator

from pipertd.names import RoutineRef
from pipertd.supervisor.manifest import FlowRecord, Manifest, ProcessRecord, SegmentsRecord
from pipertd.supervisor.procfs import Identity
from pipertd.supervisor.view import State


def find_contradiction(manifest: Manifest) -> str:
    """What of it cannot be true together with the rest, in words; empty where all of it can."""
    return next(_contradictions(manifest), "")


def _contradictions(manifest: Manifest) -> Iterator[str]:
    if manifest.flows.keys() != {flow.name for flow in manifest.definition.flows}:
        yield "its flows are not those of its definition"
    for name, flow in manifest.flows.items():
        if _has_wrong_state(flow):
            yield f"flow {name} is {flow.state} {'without' if flow.living is None else 'with'} a process"
    if not _are_distinct(_processes(manifest.flows.values())):
        yield "a process stands in it twice"
    if manifest.segments is not None:
        yield from _contradictions_of_memory(manifest, manifest.segments)
    elif not all(flow.state.at_rest for flow in manifest.flows.values()):
        yield "its flows are up, and have no shared memory"


def _has_wrong_state(flow: FlowRecord) -> bool:
    return flow.state is State.RUNNING if flow.living is None else flow.state.at_rest


def _processes(flows: Iterable[FlowRecord]) -> list[ProcessRecord]:
    found = [(flow.living.process if flow.living else None, flow.settling, flow.standby) for flow in flows]
    return [each for processes in found for each in processes if each is not None]


def _contradictions_of_memory(manifest: Manifest, segments: SegmentsRecord) -> Iterator[str]:
    routines = [RoutineRef(home.flow, home.routine) for home in segments.homes]
    if not _are_distinct(routines) or set(routines) != set(manifest.definition.routines):
        yield "its shared memory is not that of its routines"
    links = [link.ends for link in segments.links]
    if not _are_distinct(links) or not {link.ends for link in manifest.definition.links} <= set(links):
        yield "its shared memory is not that of its links"
    if not {ref for ends in links for ref in ends} <= set(routines):
        yield "a link of it has no end"
    if not _are_distinct([home.number for home in segments.homes]) or not _are_distinct(_identities(segments)):
        yield "two parts of its shared memory are one"


def _identities(segments: SegmentsRecord) -> list[Identity]:
    parts = [each for home in segments.homes for each in (home.ledger, home.pool, home.bell)]
    return [segments.guards, *(each for each in parts if each is not None)]


def _are_distinct(things: Collection[Hashable]) -> bool:
    return len(set(things)) == len(things)

"""From a file's sections to a pipeline: names resolved, links drawn, and what cannot be, said."""

from __future__ import annotations

import os
from pathlib import Path

from pipertd.definition import model
from pipertd.definition.document import Document
from pipertd.definition.problem import Problem
from pipertd.definition.schema import UNKNOWN_END, FlowSection, PipelineSection
from pipertd.names import Policy, RoutineRef, nearest

ROUTINES_FOLDER = "/etc/pipertd/routines"  # always searched for user code


def pipeline_of(document: Document, section: PipelineSection) -> tuple[model.Pipeline, list[Problem]]:
    """The pipeline, less the links that cannot be, and what is wrong with it."""
    problems: list[Problem] = []
    links = _links(document, section, problems)
    _check_shape(document, section, links, problems)
    folder = Path(os.path.realpath(document.file)).parent  # where somebody wrote it, and not where it is linked to
    return (
        model.Pipeline(
            name=section.pipeline,
            flows=tuple(_flow(name, flow) for name, flow in section.flows.items()),
            links=tuple(link for link, _ in links),
            description=section.description,
            autostart=section.autostart,
            python=_interpreter(section.python, folder),
            path=(*(os.path.realpath(folder / each) for each in section.path), ROUTINES_FOLDER),
            environment=section.environment,
            credentials=tuple(section.credentials),
            pacing=model.Pacing(section.pacing),
            shm_limit=section.shm_limit,
            orphan_timeout_s=section.orphan_timeout,
            file=document.file,
        ),
        problems,
    )


def _interpreter(written: str | None, folder: Path) -> str | None:
    """A path begins at the file's folder; a bare name is looked for in PATH."""
    if written is None or "/" not in written:
        return written
    # Not resolved: the symbolic link to Python is what marks a virtual environment.
    return os.path.normpath(folder / written)


def _flow(name: str, section: FlowSection) -> model.Flow:
    restart, watchdog, resources = section.restart, section.watchdog, section.resources
    return model.Flow(
        name=name,
        routines=tuple(
            model.Routine(each, routine.class_, routine.params, routine.fps, model.OnError(routine.on_error))
            for each, routine in section.routines.items()
        ),
        restart=model.Restart(model.RestartPolicy(restart.policy), *restart.backoff, *restart.limit),
        watchdog=model.Watchdog(watchdog.start, watchdog.progress, watchdog.stop, watchdog.contact),
        resources=model.Resources(
            tuple(resources.cpus) if resources.cpus is not None else None,
            resources.nice,
            resources.memory_max,
            resources.memory_high,
            resources.cpu_weight,
            resources.tasks_max,
        ),
        standby=section.standby,
        start=model.Start(section.start),
    )


_PlacedLink = tuple[model.Link, tuple[str | int, ...]]


def _links(document: Document, section: PipelineSection, problems: list[Problem]) -> list[_PlacedLink]:
    """Every edge, and where its destination stands in the file."""
    refs = [RoutineRef(flow, routine) for flow, each in section.flows.items() for routine in each.routines]
    found: list[_PlacedLink] = []
    for index, link in enumerate(section.links):
        source = _resolve(document, ("links", index, "from"), link.from_, refs, problems)
        for place, to in enumerate(link.to):
            way = ("links", index, "to", place)
            destination = _resolve(document, way, to, refs, problems)
            if source is not None and destination is not None:
                edge = model.Link(
                    source, destination, Policy(link.policy), link.depth, link.max_age, link.max_deliveries
                )
                found.append((edge, way))
    return found


def _resolve(
    document: Document, way: tuple[str | int, ...], written: str, refs: list[RoutineRef], problems: list[Problem]
) -> RoutineRef | None:
    if written == UNKNOWN_END:
        return None  # what is wrong there is said already
    matches = [ref for ref in refs if written in (ref.routine, str(ref))]
    if len(matches) == 1:
        return matches[0]
    if matches:
        why = f"several flows have a routine of that name: write {' or '.join(map(str, matches))}"
    else:
        why = "there is no such routine" + nearest(written, [*(ref.routine for ref in refs), *map(str, refs)])
    problems.append(document.problem(way, f"cannot link {written!r}, because {why}"))
    return None


def _check_shape(
    document: Document, section: PipelineSection, links: list[_PlacedLink], problems: list[Problem]
) -> None:
    linked = {end for link, _ in links for end in (link.source, link.destination)}
    written = {end for link in section.links for end in (link.from_, *link.to)}
    for flow, each in section.flows.items():
        for routine in each.routines if UNKNOWN_END not in written else ():
            ref = RoutineRef(flow, routine)
            if ref not in linked and not written & {routine, str(ref)}:
                text = f"cannot run {ref}, because no link begins or ends at it"
                problems.append(document.problem(("flows", flow, "routines", routine), text, at_key=True))
    edges: set[tuple[RoutineRef, RoutineRef]] = set()
    for link, way in links:
        if (link.source, link.destination) in edges:
            problems.append(document.problem(way, f"cannot link {link} twice, because a message would come twice"))
        edges.add((link.source, link.destination))
    _check_cycles(document, links, problems)


def _check_cycles(document: Document, links: list[_PlacedLink], problems: list[Problem]) -> None:
    """Name one cycle through every link that closes one."""
    outs: dict[RoutineRef, list[RoutineRef]] = {}
    for link, way in links:
        back = way_back(outs, link.destination, link.source)
        if back is not None:
            circle = " -> ".join(map(str, [link.source, *back]))
            problems.append(document.problem(way, f"cannot link {link}, because it closes a cycle: {circle}"))
        else:
            outs.setdefault(link.source, []).append(link.destination)


def way_back(outs: dict[RoutineRef, list[RoutineRef]], start: RoutineRef, goal: RoutineRef) -> list[RoutineRef] | None:
    """The routines on a way from ``start`` to ``goal`` along the links ``outs``; None where there is no way."""
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop()
        if way[-1] == goal:
            return way
        for following in outs.get(way[-1], []):
            if following not in seen:
                seen.add(following)
                ways.append([*way, following])
    return None

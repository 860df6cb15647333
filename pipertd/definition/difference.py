"""What differs between two definitions of one pipeline: every key whose value is another one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipertd.definition.model import Flow, Link, Pipeline, Routine


@dataclass(frozen=True)
class Change:
    """One key that differs.

    Attributes:
        key: as docs/definitions.md names it; ``flows``, ``routines`` and ``links`` where one came or went.
        text: the key and what it is a key of, without its value, which may be long.
        flows: those that it is said of; both ends of a link, and none where it is said of the pipeline.
    """

    key: str
    text: str
    flows: tuple[str, ...] = ()


_PIPELINE: Mapping[str, Callable[[Pipeline], object]] = {
    "description": lambda one: one.description,
    "autostart": lambda one: one.autostart,
    "python": lambda one: one.python,
    "path": lambda one: one.path,
    "environment": lambda one: one.environment,
    "credentials": lambda one: one.credentials,
    "pacing": lambda one: one.pacing,
    "shm_limit": lambda one: one.shm_limit,
    "orphan_timeout": lambda one: one.orphan_timeout_s,
}
_FLOW: Mapping[str, Callable[[Flow], object]] = {
    "restart.policy": lambda one: one.restart.policy,
    "restart.backoff": lambda one: (one.restart.backoff_first_s, one.restart.backoff_most_s),
    "restart.limit": lambda one: (one.restart.limit, one.restart.window_s),
    "watchdog.start": lambda one: one.watchdog.start_s,
    "watchdog.progress": lambda one: one.watchdog.progress_s,
    "watchdog.stop": lambda one: one.watchdog.stop_s,
    "watchdog.contact": lambda one: one.watchdog.contact_s,
    "resources.cpus": lambda one: one.resources.cpus,
    "resources.nice": lambda one: one.resources.nice,
    "resources.memory_max": lambda one: one.resources.memory_max,
    "resources.memory_high": lambda one: one.resources.memory_high,
    "resources.cpu_weight": lambda one: one.resources.cpu_weight,
    "resources.tasks_max": lambda one: one.resources.tasks_max,
    "standby": lambda one: one.standby,
    "start": lambda one: one.start,
}
_ROUTINE: Mapping[str, Callable[[Routine], object]] = {
    "class": lambda one: one.class_path,
    "params": lambda one: one.params,
    "fps": lambda one: one.fps,
    "on_error": lambda one: one.on_error,
}
_LINK: Mapping[str, Callable[[Link], object]] = {
    "policy": lambda one: one.policy,
    "depth": lambda one: one.depth,
    "max_age": lambda one: one.max_age_s,
    "max_deliveries": lambda one: one.max_deliveries,
}


def difference(old: Pipeline, new: Pipeline) -> tuple[Change, ...]:
    """Every change from ``old`` to ``new``; their order in the file is none."""
    return (*_pipeline_changes(old, new), *_flow_changes(old, new), *_link_changes(old, new))


def _pipeline_changes(old: Pipeline, new: Pipeline) -> Iterator[Change]:
    for key in _differing(_PIPELINE, old, new):
        yield Change(key, key)


def _flow_changes(old: Pipeline, new: Pipeline) -> Iterator[Change]:
    before, after = ({flow.name: flow for flow in each.flows} for each in (old, new))
    for name in before | after:
        if name not in before or name not in after:
            yield Change("flows", f"flow {name} is {'new' if name in after else 'gone'}", (name,))
            continue
        for key in _differing(_FLOW, before[name], after[name]):
            yield Change(key, key, (name,))
        yield from _routine_changes(before[name], after[name])


def _routine_changes(old: Flow, new: Flow) -> Iterator[Change]:
    before, after = ({routine.name: routine for routine in each.routines} for each in (old, new))
    for name in before | after:
        if name not in before or name not in after:
            yield Change("routines", f"routine {name} is {'new' if name in after else 'gone'}", (new.name,))
            continue
        for key in _differing(_ROUTINE, before[name], after[name]):
            yield Change(key, f"{key} of {name}", (new.name,))


def _link_changes(old: Pipeline, new: Pipeline) -> Iterator[Change]:
    before, after = ({str(link): link for link in each.links} for each in (old, new))
    for name in before | after:
        link = after.get(name) or before[name]
        ends = (link.source.flow, link.destination.flow)
        if name not in before or name not in after:
            yield Change("links", f"link {name} is {'new' if name in after else 'gone'}", ends)
            continue
        for key in _differing(_LINK, before[name], after[name]):
            yield Change(key, f"{key} of {name}", ends)


def _differing(keys: Mapping[str, Callable[[Any], object]], old: object, new: object) -> list[str]:
    return [key for key, read in keys.items() if not _alike(read(old), read(new))]


def _alike(one: object, other: object) -> bool:
    """Whether two values are the same to their reader: 1, 1.0 and true are three."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_alike(value, other[key]) for key, value in one.items())
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    return one == other

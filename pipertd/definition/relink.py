"""Links drawn and taken away by hand: the definition that results, or why there can be none. Pure."""

from __future__ import annotations

from dataclasses import replace

from pipertd.definition.model import DEEPEST_LINK, Link, Pipeline
from pipertd.definition.structure import way_back
from pipertd.errors import InvalidDefinition, LinkExists, UnknownTarget
from pipertd.names import Policy, RoutineRef


def with_link(
    pipeline: Pipeline, source: str, destination: str, policy: Policy = Policy.WAIT, depth: int = Link.depth
) -> Pipeline:
    """The pipeline with one link more; its ends are written ``ROUTINE`` or ``FLOW/ROUTINE``.

    Raises:
        UnknownTarget: there is no such routine.
        LinkExists: there is such a link.
        InvalidDefinition: it would close a cycle, or cannot be so deep.
    """
    link = Link(_resolved(pipeline, source), _resolved(pipeline, destination), policy, depth)
    if not 1 <= depth <= DEEPEST_LINK:
        raise InvalidDefinition(f"cannot link {link}: its depth is {depth}, and may be 1 to {DEEPEST_LINK}")
    if any(each.ends == link.ends for each in pipeline.links):
        raise LinkExists(f"cannot link {link}: there is such a link already")
    onward: dict[RoutineRef, list[RoutineRef]] = {}
    for each in pipeline.links:
        onward.setdefault(each.source, []).append(each.destination)
    back = way_back(onward, link.destination, link.source)
    if back is not None:
        circle = " -> ".join(map(str, [link.source, *back]))
        raise InvalidDefinition(f"cannot link {link}: it would close a cycle: {circle}")
    return replace(pipeline, links=(*pipeline.links, link))


def without_link(pipeline: Pipeline, source: str, destination: str) -> Pipeline:
    """The pipeline with one link less.

    Raises:
        UnknownTarget: there is no such routine, or no link from one to the other.
        InvalidDefinition: a name is that of several routines.
    """
    gone = find_link(pipeline, source, destination)
    return replace(pipeline, links=tuple(each for each in pipeline.links if each is not gone))


def find_link(pipeline: Pipeline, source: str, destination: str) -> Link:
    """The link from one routine to the other, both written ``ROUTINE`` or ``FLOW/ROUTINE``.

    Raises:
        UnknownTarget: there is no such routine, or no link from one to the other.
        InvalidDefinition: a name is that of several routines.
    """
    ends = _resolved(pipeline, source), _resolved(pipeline, destination)
    for link in pipeline.links:
        if link.ends == ends:
            return link
    raise UnknownTarget(f"link {Link(*ends)} of {pipeline.name}", [str(each) for each in pipeline.links])


def _resolved(pipeline: Pipeline, written: str) -> RoutineRef:
    matches = [ref for ref in pipeline.routines if written in (ref.routine, str(ref))]
    if not matches:
        raise UnknownTarget(f"routine {written!r} of {pipeline.name}", [str(ref) for ref in pipeline.routines])
    if len(matches) > 1:
        ways = " or ".join(map(str, matches))
        raise InvalidDefinition(f"cannot link {written!r}: several flows have a routine of that name: write {ways}")
    return matches[0]

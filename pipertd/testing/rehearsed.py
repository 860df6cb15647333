"""From a definition to a rehearsal: its classes are loaded and checked here, in the process of the test."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pipertd.definition.check import class_problems
from pipertd.definition.model import Link, OnError, Pipeline
from pipertd.definition.model import Routine as Defined
from pipertd.definition.read import Reading, read_all
from pipertd.errors import InvalidDefinition, LoadError
from pipertd.flow.loader import build, describe, load_class, wrong_params
from pipertd.flow.placed import place
from pipertd.flow.routine import EndOfStream, Routine, SourceRoutine
from pipertd.names import RoutineRef, nearest
from pipertd.testing.clock import VirtualClock
from pipertd.testing.link import RehearsedLink
from pipertd.testing.member import Member
from pipertd.testing.rehearsal import Rehearsal
from pipertd.testing.setting import OnError as StepOnError
from pipertd.testing.setting import Setting
from pipertd.testing.stepped import Stepped


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a test wants otherwise than the definition has it, see ``running_definition``."""

    inputs: Mapping[str, Sequence[Any]]
    params: Mapping[str, Mapping[str, Any]]
    on_error: Literal["raise", "defined"]
    drops: bool
    credentials: Mapping[str, str | bytes]
    keep: Collection[str] | None


class Part(NamedTuple):
    """A routine of the definition that has a part in the test; its class, or the messages that it gives instead."""

    ref: RoutineRef
    defined: Defined
    cls: type[Routine] | None
    params: Mapping[str, Any]
    messages: Sequence[Any]


class _Recorded(SourceRoutine):
    """Gives the messages of a test."""

    def __init__(self, messages: Sequence[Any]) -> None:
        self._left = iter(messages)

    def main_logic(self) -> Any:
        """The next one."""
        for message in self._left:
            return message
        raise EndOfStream


def rehearsed(file: Path, wish: Wish, clock: VirtualClock) -> tuple[Pipeline, Rehearsal]:
    """The definition with a routine for each part, in the order of the file; InvalidDefinition where it is wrong."""
    reading = _reading(file)
    pipeline = reading.pipeline
    inputs = {_ref(pipeline, name): messages for name, messages in wish.inputs.items()}
    params = {_ref(pipeline, name): given for name, given in wish.params.items()}
    refs = _with_a_part(pipeline, inputs)
    drawn = [each for each in pipeline.links if {*each.ends} <= refs and each.destination not in inputs]
    parts = list(_parts(reading, refs, inputs, params))
    links = [RehearsedLink(each, drops=wish.drops) for each in drawn]
    names = [str(each) for each in pipeline.routines]
    rehearsal = Rehearsal(clock)
    members = []
    for part in parts:
        setting = _setting(part, pipeline, drawn, wish)
        setting.raise_event = partial(rehearsal.raise_event, str(part.ref))
        keeps = wish.keep is None or bool({str(part.ref), part.ref.routine} & {*wish.keep})
        stepped = Stepped(_routine(part, drawn), setting, clock)
        members.append(Member(part.ref, stepped, links, names, keeps=keeps))
    rehearsal.meet(members, links)
    return pipeline, rehearsal


def _reading(file: Path) -> Reading:
    readings, problems = read_all([file])
    if problems or not readings:
        raise InvalidDefinition("\n".join(map(str, problems)) or f"cannot run {file}: it is empty")
    return readings[0]


def _ref(pipeline: Pipeline, name: str) -> RoutineRef:
    found = [each for each in pipeline.routines if name in (str(each), each.routine)]
    if len(found) != 1:
        known = [each.routine for each in pipeline.routines]
        raise KeyError(f"cannot find routine {name!r} in {pipeline.name}{nearest(name, known)}: {', '.join(known)}")
    return found[0]


def _with_a_part(pipeline: Pipeline, inputs: Collection[RoutineRef]) -> set[RoutineRef]:
    """All routines but those that give to nobody who takes from them."""
    parts = set(pipeline.routines)
    while True:
        idle = {
            ref
            for ref in parts
            if ref not in inputs
            and (outputs := pipeline.outputs_of(ref))
            and all(link.destination in inputs or link.destination not in parts for link in outputs)
        }
        if not idle:
            return parts
        parts -= idle


def _parts(
    reading: Reading,
    refs: Collection[RoutineRef],
    inputs: Mapping[RoutineRef, Sequence[Any]],
    params: Mapping[RoutineRef, Mapping[str, Any]],
) -> Iterator[Part]:
    pipeline = reading.pipeline
    search_path = [Path(each) for each in pipeline.path]
    found: list[Part] = []
    answers: dict[RoutineRef, Mapping[str, Any]] = {}
    for flow in pipeline.flows:
        for defined in flow.routines:
            ref = RoutineRef(flow.name, defined.name)
            given = {**defined.params, **params.get(ref, {})}
            if ref in inputs:
                found.append(Part(ref, defined, None, {}, inputs[ref]))
            elif ref in refs:
                try:
                    cls = load_class(defined.class_path, search_path)
                except LoadError as reason:
                    answers[ref] = {"error": str(reason)}
                else:
                    answers[ref] = {**describe(cls), "problems": [vars(each) for each in wrong_params(cls, given)]}
                    found.append(Part(ref, defined, cls, given, ()))
    problems = class_problems(reading, answers)
    if problems:
        raise InvalidDefinition("\n".join(map(str, sorted(problems))))
    return iter(found)


def _routine(part: Part, links: Sequence[Link]) -> Routine:
    if part.cls is None:
        return _Recorded(part.messages)
    made = build(part.cls, part.params)
    has_inputs = any(each.destination == part.ref for each in links)
    place(made, has_inputs=has_inputs, has_outputs=any(each.source == part.ref for each in links))
    return made


def _setting(part: Part, pipeline: Pipeline, links: Sequence[Link], wish: Wish) -> Setting:
    defined = part.defined
    into = [each for each in links if each.destination == part.ref]
    out_of = [each for each in links if each.source == part.ref]
    return Setting(
        name=defined.name,
        flow=part.ref.flow,
        fps=defined.fps,
        on_error=_on_error(defined, wish),
        max_deliveries=min((each.max_deliveries for each in into), default=1),
        hands=2 + max((each.depth for each in [*into, *out_of] if each in into or each.within_flow), default=0),
        publishes=any(not each.within_flow for each in out_of),
        credentials=wish.credentials,
        named_credentials=pipeline.credentials,
        number=pipeline.routines.index(part.ref),
    )


def _on_error(defined: Defined, wish: Wish) -> StepOnError:
    if wish.on_error == "raise" or defined.on_error is OnError.FAIL:
        return "raise"
    return "retry" if defined.on_error is OnError.RETRY else "skip"

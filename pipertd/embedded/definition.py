"""From a script's routines and wires to a pipeline, checked as a definition is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from pipertd.definition.model import Flow, Pipeline, Routine
from pipertd.definition.relink import with_link
from pipertd.embedded.network import QueueNetwork
from pipertd.embedded.wire import Wire
from pipertd.errors import InvalidDefinition
from pipertd.flow import routine as authors
from pipertd.flow.loader import check_class
from pipertd.names import Policy, is_name

Made = Mapping[str, Sequence[authors.Routine]]  # by a script: the routines of each flow


def pipeline_of(name: str, made: Made, wires: Iterable[Wire], network: QueueNetwork) -> Pipeline:
    """The pipeline that a script described.

    Raises:
        InvalidDefinition: two routines have one name, a wire leads where it cannot, or a routine has none.
        LoadError: the class of a routine cannot be one's.
    """
    _check_names(made)
    flows = tuple(
        Flow(flow, tuple(Routine(each.name, _class_path(each)) for each in routines)) for flow, routines in made.items()
    )
    pipeline = Pipeline(name, flows, (), autostart=False)
    homes = {id(each): flow for flow, routines in made.items() for each in routines}
    for wire in wires:
        policy = network.policy if wire.policy is None else Policy(wire.policy)
        depth = network.max_queue_sizes if wire.depth is None else wire.depth
        for destination in wire.destinations:
            source, end = _written(wire.source, homes), _written(destination, homes)
            pipeline = with_link(pipeline, source, end, policy, depth)
    for flow, routines in made.items():
        for each in routines:
            _check_place(pipeline, flow, each)
    return pipeline


def half_of_what_is_free() -> int:
    """How much shared memory a pipe may use whose script does not say, in bytes; what it does not use stays free."""
    room = os.statvfs("/dev/shm")
    return room.f_bavail * room.f_frsize // 2


def _class_path(routine: authors.Routine) -> str:
    cls = type(routine)
    check_class(cls, cls.__qualname__)
    return f"{cls.__module__}:{cls.__qualname__}"


def _check_names(made: Made) -> None:
    seen: dict[str, str] = {}
    for flow, routines in made.items():
        for each in (flow, *(each.name for each in routines)):
            if not isinstance(each, str) or not is_name(each):
                raise InvalidDefinition(
                    f"cannot use the name {each!r}: a name is a letter, then up to 62 letters, digits, - and _"
                )
        for routine in routines:
            if routine.name in seen:
                where = f"flow {seen[routine.name]}" if seen[routine.name] != flow else "the same flow"
                raise InvalidDefinition(
                    f"cannot use the name {routine.name!r} for a routine of flow {flow}: one of {where} has it; "
                    "give each a name of its own"
                )
            seen[routine.name] = flow


def _written(routine: authors.Routine, homes: Mapping[int, str]) -> str:
    flow = homes.get(id(routine))
    if flow is None:
        raise InvalidDefinition(f"cannot link {routine.name}: it is in no flow; create its flow first")
    return f"{flow}/{routine.name}"


def _check_place(pipeline: Pipeline, flow: str, routine: authors.Routine) -> None:
    (ref,) = (each for each in pipeline.routines if (each.flow, each.routine) == (flow, routine.name))
    inputs, outputs = pipeline.inputs_of(ref), pipeline.outputs_of(ref)
    if not inputs and not outputs:
        raise InvalidDefinition(f"cannot run {ref}: no link begins or ends at it; link it, or leave it out")
    if routine.kind == "source" and inputs:
        raise InvalidDefinition(f"cannot link {inputs[0]}: {routine.name} is a source and takes no input")
    if routine.kind == "destination" and outputs:
        raise InvalidDefinition(f"cannot link {outputs[0]}: {routine.name} is a destination and gives no output")
    if routine.kind in ("middle", "destination") and not inputs:
        raise InvalidDefinition(f"cannot run {ref}: it is a {routine.kind} routine and no link ends at it")

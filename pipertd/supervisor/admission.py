"""How much shared memory a pipeline asks for, whether there is so much, and how it is split among its routines."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipertd.definition.model import Link, Pipeline
from pipertd.errors import SegmentError
from pipertd.names import RoutineRef
from pipertd.shm import layout as at
from pipertd.shm.codec import MOST_PASSED_ON
from pipertd.shm.segment import PAGE
from pipertd.shm.slots import LOANS

LEAST_CAPACITY = 64  # entries of a ring: so deep a link may become while its pipeline runs
SPARE_PLACES = 8  # links that may come to a routine, or go from it, while its pipeline runs
HOLD_ALLOWANCE = 2  # slots a link may have leased beside the one in hand before its producer has to wait


@dataclass(frozen=True)
class Needs:
    """The links of one routine, and how many hands, slots and foreign rows it needs for them."""

    inputs: tuple[Link, ...]
    outputs: tuple[Link, ...]
    hands: int
    rows: int
    foreign_rows: int


def capacity_for(depth: int, least: int = LEAST_CAPACITY) -> int:
    """How many entries the ring of a link has."""
    return max(least, 1 << (depth - 1).bit_length())


def with_capacities(pipeline: Pipeline, least: int = LEAST_CAPACITY) -> Pipeline:
    """The pipeline with each link as deep as its ring lets it become; ``least`` is how deep that is in any case."""
    links = (replace(link, depth=capacity_for(link.depth, least)) for link in pipeline.links)
    return replace(pipeline, links=tuple(links))


def needs_of(pipeline: Pipeline) -> dict[RoutineRef, Needs]:
    """What each routine of a pipeline needs."""
    refs = (RoutineRef(flow.name, routine.name) for flow in pipeline.flows for routine in flow.routines)
    return {ref: _needs(pipeline, ref) for ref in refs}


def _needs(pipeline: Pipeline, routine: RoutineRef) -> Needs:
    inputs, outputs = pipeline.inputs_of(routine), pipeline.outputs_of(routine)
    held = sum(link.depth + 1 + HOLD_ALLOWANCE for link in outputs if not link.within_flow)
    # A batch as large as a link is deep, what the consumers in the flow have waiting and in hand, or one of each input.
    deepest = max((link.depth for link in (*inputs, *outputs) if link in inputs or link.within_flow), default=0)
    hands = max(2 + deepest, 1 + len(inputs))
    rows = held + 1 + LOANS if held else 0
    foreign_rows = max(held, MOST_PASSED_ON) if inputs and held else 0  # one message alone may need so many
    return Needs(inputs, outputs, hands, rows, foreign_rows)


def ledger_shape(ref: RoutineRef, most: Mapping[RoutineRef, Needs], pool_bytes: int) -> at.Shape:
    """How large the blocks of a routine's ledger are, beside a pool of so many bytes.

    ``most`` is what the routines will need at most, with each link as deep as it may become.
    """

    def capacity(link: Link) -> int:
        source = most[link.source]
        return 0 if link.within_flow else at.return_capacity(source.rows + source.foreign_rows)

    own = most[ref]
    return at.Shape(
        out_capacities=[0 if link.within_flow else link.depth for link in own.outputs],
        in_capacities=[capacity(link) for link in own.inputs],
        hands=own.hands,
        rows=own.rows,
        foreign_rows=own.foreign_rows,
        pool_bytes=pool_bytes,
        spare_places=SPARE_PLACES,
    )


def pool_sizes(
    pipeline: Pipeline,
    needs: Mapping[RoutineRef, Needs],
    most: Mapping[RoutineRef, Needs],
    promised_bytes: int,
    freed_bytes: int = 0,
) -> dict[RoutineRef, int]:
    """Split what ``shm_limit`` leaves for payloads among the routines' pools, by their slots; in bytes.

    Args:
        pipeline: the one to be started.
        needs: what its routines need.
        most: what they will need at most; their ledgers have place for that.
        promised_bytes: what other pipelines may still reserve.
        freed_bytes: what others give back before.

    Raises:
        SegmentError: there is not so much, or it is too little for what is asked of it; with the arithmetic.
    """
    ledgers = sum(at.ledger_bytes(ledger_shape(ref, most, 0)) for ref in needs)
    slots = sum(each.rows for each in needs.values())
    limit, free = pipeline.shm_limit, _free_bytes() + freed_bytes
    if limit > free - promised_bytes:
        promised = f", {promised_bytes} of them promised to pipelines that run" if promised_bytes else ""
        raise SegmentError(
            f"cannot start {pipeline.name}: its shm_limit is {limit} bytes and /dev/shm has {free} free{promised}; "
            "lower shm_limit or make /dev/shm larger (mount -o remount,size=… /dev/shm)"
        )
    if slots and (limit - ledgers) // slots < PAGE:
        raise SegmentError(
            f"cannot start {pipeline.name}: its shm_limit is {limit} bytes, its ledgers take {ledgers} and "
            f"its {slots} slots need a page of {PAGE} each; raise shm_limit or lower depth"
        )
    return {
        ref: (limit - ledgers) * each.rows // slots // PAGE * PAGE if each.rows else 0 for ref, each in needs.items()
    }


def check_room(pipeline: Pipeline, promised_bytes: int, freed_bytes: int) -> None:
    """Whether a run of it could begin, when ``freed_bytes`` are given back and ``promised_bytes`` are others'.

    Raises:
        SegmentError: it could not, with the arithmetic.
    """
    pool_sizes(pipeline, needs_of(pipeline), needs_of(with_capacities(pipeline)), promised_bytes, freed_bytes)


def _free_bytes() -> int:
    room = os.statvfs("/dev/shm")
    return room.f_bavail * room.f_frsize


def reserved_bytes(fds: list[int]) -> int:
    """How many bytes of these segments have pages."""
    return sum(os.fstat(fd).st_blocks for fd in fds) * 512

"""Documents of pipelines as they are now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field, structs

from pipertd.ctl.documents.likeness import document_of

if TYPE_CHECKING:
    from pipertd.client import records


class Pressure(Struct, frozen=True):
    """The share of the last ten seconds, 0 to 1, in which something of a flow waited for what it lacked."""

    cpu: float
    memory: float
    io: float


class Usage(Struct, frozen=True):
    """Processor time of a flow's process since it began, and memory that it holds."""

    cpu_s: float
    memory_bytes: int


class Flow(Struct, frozen=True):
    """One process of a pipeline; ``seconds`` in its state. What is null is not there or not known."""

    name: str
    state: str
    pid: int | None
    generation: int
    restarts: int
    seconds: float
    reason: str
    failure: str | None
    pressure: Pressure | None
    paused: bool
    usage: Usage | None


class Routine(Struct, frozen=True):
    """One step of user code: messages it handled, how many a second (``pace`` at most), and how long one takes."""

    flow: str
    name: str
    kind: str
    state: str
    handled: int
    failed: int
    rate: float
    busy: float
    p50_s: float | None
    p99_s: float | None
    pace: float | None


class Link(Struct, frozen=True):
    """One link: produced = delivered + failed + all of dropped + quarantined + in_flight."""

    source: str = field(name="from")
    destination: str = field(name="to")
    policy: str
    depth: int
    produced: int
    delivered: int
    failed: int
    dropped: dict[str, int]
    quarantined: int
    in_flight: int
    waiting: int
    in_hand: int
    leased: int
    leased_by: list[str]
    blocked_by: str | None
    rate: float
    oldest_age_s: float | None
    bytes: int


class Latency(Struct, frozen=True):
    """From capture to handled at the end of a pipeline; null where nothing has come through."""

    p50_s: float | None
    p99_s: float | None


class Pipeline(Struct, frozen=True):
    """One pipeline; ``seconds`` of its run."""

    pipeline: str
    description: str
    state: str
    seconds: float
    end_to_end: Latency
    flows: list[Flow]
    routines: list[Routine]
    links: list[Link]


class Status(Struct, frozen=True):
    """Everything at one moment; notices go on behind ``revision`` of ``epoch``."""

    epoch: str
    revision: int
    pipelines: list[Pipeline]


def status_document(status: records.Status) -> Status:
    """Everything."""
    return Status(status.epoch, status.revision, [pipeline_document(each) for each in status.pipelines])


def pipeline_document(pipeline: records.Pipeline) -> Pipeline:
    """One pipeline."""
    return Pipeline(
        pipeline=pipeline.name,
        description=pipeline.description,
        state=pipeline.state,
        seconds=round(pipeline.seconds, 3),
        end_to_end=Latency(pipeline.end_to_end_p50_s, pipeline.end_to_end_p99_s),
        flows=[_flow(each) for each in pipeline.flows],
        routines=[_routine(each) for each in pipeline.routines],
        links=[_link(each) for each in pipeline.links],
    )


def _flow(flow: records.Flow) -> Flow:
    return structs.replace(document_of(flow, Flow), seconds=round(flow.seconds, 3))


def _routine(routine: records.Routine) -> Routine:
    pace = None if routine.pace is None else round(routine.pace, 3)
    found = document_of(routine, Routine)
    return structs.replace(found, rate=round(routine.rate, 3), busy=round(routine.busy, 4), pace=pace)


def _link(link: records.Link) -> Link:
    return structs.replace(document_of(link, Link), rate=round(link.rate, 3), blocked_by=link.blocked_by or None)

"""What the client gives back: frozen records. Durations are seconds, times seconds since the epoch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Pressure:
    """The share of the last ten seconds, 0 to 1, in which something of a flow waited for what it lacked."""

    cpu: float
    memory: float
    io: float


@dataclass(frozen=True)
class Flow:
    """One OS process of a pipeline.

    Attributes:
        pid: None where none runs.
        failure: how the last one failed; None where it did not.
        pressure: None where no cgroup holds it, or the kernel does not tell.
    """

    name: str
    state: str
    pid: int | None
    generation: int
    restarts: int
    seconds: float
    reason: str
    failure: str | None
    pressure: Pressure | None
    paused: bool = False


@dataclass(frozen=True)
class Routine:
    """One step of user code; ``busy`` is its share of the time, the quantiles are None where it never ran."""

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


@dataclass(frozen=True)
class Link:
    """One link's ledger: produced = delivered + failed + dropped + quarantined + in flight.

    Attributes:
        rate: messages a second that its consumer took to an end.
        oldest_age_s: how long ago the message that waits longest was captured; None where none waits.
        bytes: what its messages hold in its producer's shared memory.
        leased: for how many messages that ended slots are kept, by the routines in ``leased_by``.
        blocked_by: the routine for which its producer waits; empty where there is room.
    """

    source: str
    destination: str
    policy: str
    depth: int
    produced: int
    delivered: int
    failed: int
    dropped: Mapping[str, int]
    quarantined: int
    waiting: int
    in_hand: int
    leased: int
    blocked_by: str
    rate: float
    oldest_age_s: float | None
    bytes: int
    leased_by: tuple[str, ...]

    @property
    def in_flight(self) -> int:
        """Messages in hand and waiting."""
        return self.waiting + self.in_hand


@dataclass(frozen=True)
class Pipeline:
    """One pipeline's snapshot."""

    name: str
    description: str
    state: str
    seconds: float
    flows: tuple[Flow, ...]
    routines: tuple[Routine, ...]
    links: tuple[Link, ...]
    end_to_end_p50_s: float | None
    end_to_end_p99_s: float | None


@dataclass(frozen=True)
class Status:
    """Everything at one moment; watch on behind ``revision``."""

    epoch: str
    revision: int
    pipelines: tuple[Pipeline, ...]


@dataclass(frozen=True)
class Notice:
    """A fact that the daemon recorded; ``failure`` names how a flow failed, where the fact is that."""

    epoch: str
    revision: int
    time_s: float
    kind: str
    pipeline: str
    flow: str
    routine: str
    message: str
    details: Mapping[str, str]
    failure: str | None


@dataclass(frozen=True)
class Answer:
    """What one routine made of an event; ``value`` counts where ``error`` is None."""

    flow: str
    routine: str
    value: object
    error: str | None
    deadline_exceeded: bool


@dataclass(frozen=True)
class Record:
    """One log record, or with source ``output`` one printed line."""

    time_s: float
    level: int
    pipeline: str
    flow: str
    routine: str
    generation: int
    logger: str
    message: str
    fields: Mapping[str, object]
    exception: str
    source: str
    cursor: str


@dataclass(frozen=True)
class PutAside:
    """A message in quarantine; ``length`` is 0 where its payload could not be kept, ``stacks`` empty in a list."""

    id: str
    pipeline: str
    flow: str
    routine: str
    link: str
    sequence: int
    origin: int
    attempts: int
    deaths: int
    captured_s: float
    time_s: float
    reason: str
    stacks: str
    class_path: str
    params: Mapping[str, object]
    path: tuple[str, ...]
    python: str
    body_offset: int
    length: int


@dataclass(frozen=True)
class FlowPlan:
    """What a reload makes of one flow: unchanged, adjusted, restarted, added or removed, and the keys that differ."""

    flow: str
    action: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What a reload makes of one pipeline; ``new_run`` has the changes for which it begins a new run."""

    pipeline: str
    action: str
    keys: tuple[str, ...]
    new_run: tuple[str, ...]
    flows: tuple[FlowPlan, ...]


@dataclass(frozen=True)
class Problem:
    """One mistake in a definition; ``path`` is the way to it inside the definition."""

    file: str
    line: int
    column: int
    path: str
    text: str

    def __str__(self) -> str:
        way = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {way}{self.text}"


@dataclass(frozen=True)
class Reload:
    """What was done, or where there are problems, why nothing was."""

    plans: tuple[Plan, ...]
    problems: tuple[Problem, ...]

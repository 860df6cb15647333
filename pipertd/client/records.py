"""What the client gives back: frozen records. Durations are seconds, times seconds since the epoch.

Structs of msgspec and not dataclasses, which take a third of a command's start to be made.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Pressure(Struct, frozen=True):
    """The share of the last ten seconds, 0 to 1, in which something of a flow waited for what it lacked."""

    cpu: float
    memory: float
    io: float


class Usage(Struct, frozen=True):
    """Processor time of a flow's present process since it began, and memory that it holds, shared pages included."""

    cpu_s: float
    memory_bytes: int


class Flow(Struct, frozen=True):
    """One OS process of a pipeline.

    Attributes:
        pid: None where none runs.
        failure: how the last one failed; None where it did not.
        pressure: None where no cgroup holds it, or the kernel does not tell.
        usage: None where no process runs.
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
    usage: Usage | None = None


class Routine(Struct, frozen=True):
    """One step of user code; ``busy`` is its share of the time, the quantiles are None where it never ran.

    ``pace`` is how many messages a second a source is held to, because its consumers can take no more.
    """

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
    pace: float | None = None


class Link(Struct, frozen=True):
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


class Pipeline(Struct, frozen=True):
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


class Status(Struct, frozen=True):
    """Everything at one moment; watch on behind ``revision``."""

    epoch: str
    revision: int
    pipelines: tuple[Pipeline, ...]


class Daemon(Struct, frozen=True):
    """A daemon on its machine.

    Attributes:
        python: the interpreter that runs it.
        definitions: the folders of its definitions, in the order in which they are read.
        role: of the caller: observer, operator or admin.
        cgroups_missing: why no cgroup holds its flows; empty where one does.
        shared_memory_bytes: the size of /dev/shm, and ``shared_memory_free_bytes`` what is free of it.
        open_streams: of all clients together; ``most_streams`` may be.
    """

    version: str
    pid: int
    started_s: float
    python: str
    runtime_dir: str
    state_dir: str
    definitions: tuple[str, ...]
    role: str
    cgroups_missing: str
    cgroup_controllers: tuple[str, ...]
    descriptor_limit: int
    shared_memory_bytes: int
    shared_memory_free_bytes: int
    open_streams: int
    most_streams: int


class Notice(Struct, frozen=True):
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


class Answer(Struct, frozen=True):
    """What one routine made of an event; ``value`` counts where ``error`` is None."""

    flow: str
    routine: str
    value: object
    error: str | None
    deadline_exceeded: bool


class Parameter(Struct, frozen=True):
    """One of an event's parameters; ``type`` is as the author wrote it, or empty."""

    name: str
    type: str
    optional: bool


class Handler(Struct, frozen=True):
    """A method of a routine that handles an event.

    Attributes:
        takes_more: parameters of any other name as well.
        description: the first paragraph of its docstring, or empty.
    """

    flow: str
    routine: str
    event: str
    parameters: tuple[Parameter, ...]
    takes_more: bool
    description: str


class Handlers(Struct, frozen=True):
    """Who handles what; ``silent`` says of flows by name why nothing is known of them now."""

    handlers: tuple[Handler, ...]
    silent: Mapping[str, str]


class Record(Struct, frozen=True):
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


class PutAside(Struct, frozen=True):
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


class FlowPlan(Struct, frozen=True):
    """What a reload makes of one flow: unchanged, adjusted, restarted, added or removed, and the keys that differ."""

    flow: str
    action: str
    keys: tuple[str, ...]


class Plan(Struct, frozen=True):
    """What a reload makes of one pipeline; ``new_run`` has the changes for which it begins a new run."""

    pipeline: str
    action: str
    keys: tuple[str, ...]
    new_run: tuple[str, ...]
    flows: tuple[FlowPlan, ...]


class Problem(Struct, frozen=True):
    """One mistake in a definition; ``path`` is the way to it inside the definition."""

    file: str
    line: int
    column: int
    path: str
    text: str

    def __str__(self) -> str:
        way = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {way}{self.text}"


class Reload(Struct, frozen=True):
    """What was done, or where there are problems, why nothing was."""

    plans: tuple[Plan, ...]
    problems: tuple[Problem, ...]


class Picture(Struct, frozen=True):
    """A file of PNG or JPEG, its size in pixels, and where in its message the array was (``.frame``)."""

    data: bytes
    width: int
    height: int
    path: str


class Passed(Struct, frozen=True):
    """A message that passed on a link, in one of three forms.

    Attributes:
        sequence: its number on the link, from 0 in each run.
        captured_s: when what it tells of was captured.
        skipped: how many passed since the one before, or since the beginning.
        overtaken: how many of these changed while they were copied.
        length: in shared memory, in bytes.
        messagepack: the message; :func:`pipertd.client.tapped.read_message` reads it.
        picture: its first picture, where that was asked for.
        omitted: why it is here in neither form.
    """

    sequence: int
    captured_s: float
    skipped: int
    overtaken: int
    length: int
    messagepack: bytes | None
    picture: Picture | None
    omitted: str


class Check(Struct, frozen=True):
    """What is wrong with definitions, and the names of the ``pipelines`` that are well defined."""

    problems: tuple[Problem, ...]
    pipelines: tuple[str, ...]

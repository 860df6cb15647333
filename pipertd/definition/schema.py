"""The shape of a definition file: known keys, types and units."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from pipertd.definition import model, units
from pipertd.names import NAME_PATTERN

_DURATION = r"\d{1,15}(\.\d{1,15})?\s*(us|ms|s|min|h)"


def _written(pattern: str, *examples: str) -> WithJsonSchema:
    """How a unit looks in a file: the same to an editor as to ``units``, but for how large it may be."""
    return WithJsonSchema({"type": "string", "pattern": rf"^\s*{pattern}\s*$", "examples": list(examples)})


Duration = Annotated[float, BeforeValidator(units.duration_s), _written(_DURATION, "100ms", "5s", "2min")]
Deadline = Annotated[float, BeforeValidator(units.deadline_s), _written(_DURATION, "100ms", "5s", "2min")]
Progress = Annotated[float, BeforeValidator(units.progress_s), _written(_DURATION, "2s", "30s", "5min")]
_SIZE = {"type": "string", "pattern": r"^\s*\d{1,18}\s*[KMGT]?\s*$", "examples": ["64K", "256M", "2G"]}
Size = Annotated[
    int,
    BeforeValidator(units.size_bytes),
    WithJsonSchema({"anyOf": [_SIZE, {"type": "integer", "minimum": 1, "maximum": units.LARGEST_BYTES}]}),
]
Backoff = Annotated[
    tuple[float, float], BeforeValidator(units.backoff_s), _written(rf"{_DURATION}\s*\.\.\s*{_DURATION}", "100ms..30s")
]
Limit = Annotated[
    tuple[int, float], BeforeValidator(units.limit), _written(rf"\d{{1,6}}\s+in\s+{_DURATION}", "5 in 60s")
]
Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$")]
ClassPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
# As a file that systemd lays out may be called; no path.
Credential = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,254}$")]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
# What stands for something that a file does not give, or not rightly:
UNKNOWN_NAME = "unknown"
UNKNOWN_CLASS = "unknown:Unknown"
UNKNOWN_END = "\0"  # of a link


class _Section(BaseModel):
    """A mapping of the file. The text behind a key is what an editor shows for it."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
        model_title_generator=lambda section: section.__name__.removesuffix("Section"),
    )


class RestartSection(_Section):
    """When and how soon a flow that ended is started again."""

    policy: Literal["always", "on-failure", "never"] = "on-failure"
    """When it is started again. A flow whose stream came to its end is not, whatever this says."""
    backoff: Backoff = (model.Restart.backoff_first_s, model.Restart.backoff_most_s)
    """First and longest pause before a start, as FIRST..MOST; each is twice the one before."""
    limit: Limit = (model.Restart.limit, model.Restart.window_s)
    """How many restarts within how long, as COUNT in DURATION, before the flow is FAILED."""


class WatchdogSection(_Section):
    """How long a flow's routines may take. What misses a deadline leaves its stacks in the log and is restarted."""

    start: Deadline = model.Watchdog.start_s
    """Longest setup()."""
    progress: Progress = model.Watchdog.progress_s
    """Longest time between two signs of progress; 2s or more."""
    stop: Deadline = model.Watchdog.stop_s
    """Longest time to stop and clean up."""
    contact: Deadline = model.Watchdog.contact_s
    """Longest time for which a flow whose routines go on may not answer the daemon."""


class ResourcesSection(_Section):
    """What a flow may use. All but cpus and nice need a cgroup, which `pipertctl doctor` looks for."""

    cpus: Annotated[list[Annotated[int, Field(ge=0, lt=model.MOST_CPUS)]], Field(min_length=1)] | None = None
    """The processors that it may use; all, if left out."""
    nice: Annotated[int, Field(ge=-20, le=19)] | None = None
    """Its niceness: 19 gives way to everybody."""
    memory_max: Size | None = None
    """Memory that it may use; beyond it is out of memory and killed."""
    memory_high: Size | None = None
    """Memory beyond which the kernel slows it down and takes back what it can."""
    cpu_weight: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Its share of busy processors beside other flows; the kernel's default is 100."""
    tasks_max: Annotated[int, Field(ge=1)] | None = None
    """How many processes and threads it may have."""


class RoutineSection(_Section):
    """One step of user code, on a thread of its own."""

    class_: ClassPath = Field(alias="class")
    """The routine's class, as module:Class."""
    params: dict[str, Any] = {}
    """What is set on the routine before setup(): arguments of its constructor, or its annotated attributes."""
    fps: Annotated[float, Field(ge=model.SLOWEST_FPS, le=model.FASTEST_FPS, strict=False)] | None = None
    """How many times a second main_logic runs at most; as fast as its links allow, if left out."""
    on_error: Literal["skip", "retry", "fail"] = "skip"
    """What an exception in main_logic means: count the message as failed, deliver it again, or fail the flow."""


class FlowSection(_Section):
    """One process."""

    routines: dict[Name, RoutineSection] = Field(min_length=1)
    """Its routines, by name."""
    restart: RestartSection = RestartSection()
    """When and how soon it is started again."""
    watchdog: WatchdogSection = WatchdogSection()
    """How long its routines may take."""
    resources: ResourcesSection = ResourcesSection()
    """What it may use."""
    standby: bool = model.Flow.standby
    """Whether a second process waits with everything imported, to take over at once."""
    start: Literal["exec", "zygote"] = "exec"
    """Whether each generation is a Python of its own, or all behind the first are forked from one that has imported."""


class LinkSection(_Section):
    """Links from one routine to one or more others, each of which gets every message."""

    from_: str = Field(alias="from")
    """A routine; where its name is not unique, flow/routine."""
    to: list[str] = Field(min_length=1)
    """One or more routines; each gets every message."""
    policy: Literal["wait", "drop_oldest", "drop_newest"] = "wait"
    """What a full link does: its producer waits, or the message that waited longest goes, or the new one."""
    depth: Annotated[int, Field(ge=1, le=model.DEEPEST_LINK)] = model.Link.depth
    """How many messages may wait, the one in hand not counted."""
    max_age: Deadline | None = None
    """A message that was captured longer ago than this when it is taken is dropped."""
    max_deliveries: Annotated[int, Field(ge=1, le=1000)] = model.Link.max_deliveries
    """How many deaths of the flow a message may be charged with before it is put in quarantine."""


def unknown_link() -> dict[str, Any]:
    """What stands for a link that the file does not give rightly."""
    return {"from": UNKNOWN_END, "to": [UNKNOWN_END]}


class PipelineSection(_Section):
    """A definition of pipertd: one pipeline, its flows, their routines and the links between them."""

    pipeline: Name
    """Its name: a letter, then letters, digits, - and _."""
    description: str = ""
    """One line for people."""
    autostart: bool = True
    """Whether it is started when the daemon loads it."""
    python: Text | None = None
    """Interpreter of its flows, such as a virtual environment's with pipertd in it; the daemon's own, if left out."""
    path: list[Text] = []
    """Folders in which user code is looked for; relative ones begin at the file's folder."""
    environment: dict[Variable, str] = {}
    """Variables for its flows."""
    credentials: list[Credential] = []
    """Names of systemd credentials that its routines may read."""
    pacing: Literal["free", "auto"] = "free"
    """Whether its sources slow down to what their consumers can take."""
    shm_limit: Size = model.Pipeline.shm_limit
    """Shared memory that its links may take."""
    orphan_timeout: Duration | None = None
    """How long its flows work on when the daemon is gone, before they stop in order."""
    flows: dict[Name, FlowSection] = Field(min_length=1)
    """Its processes, by name."""
    links: list[LinkSection] = []
    """How messages pass from routine to routine."""

"""The shape of a definition file: known keys, types and units. Its JSON Schema is shipped and served."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from pipertd.definition import model, units
from pipertd.names import NAME_PATTERN

Duration = Annotated[
    float, BeforeValidator(units.duration_s), WithJsonSchema({"type": "string", "examples": ["100ms", "5s", "2min"]})
]
Deadline = Annotated[
    float, BeforeValidator(units.deadline_s), WithJsonSchema({"type": "string", "examples": ["100ms", "5s", "2min"]})
]
Progress = Annotated[
    float, BeforeValidator(units.progress_s), WithJsonSchema({"type": "string", "examples": ["2s", "30s", "5min"]})
]
Size = Annotated[
    int,
    BeforeValidator(units.size_bytes),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["64K", "256M", "2G"]}),
]
Backoff = Annotated[
    tuple[float, float],
    BeforeValidator(units.backoff_s),
    WithJsonSchema({"type": "string", "examples": ["100ms..30s"]}),
]
Limit = Annotated[
    tuple[int, float], BeforeValidator(units.limit), WithJsonSchema({"type": "string", "examples": ["5 in 60s"]})
]
Name = Annotated[str, StringConstraints(pattern=f"^{NAME_PATTERN}$")]
ClassPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
# What stands for something that a file does not give, or not rightly:
UNKNOWN_NAME = "unknown"
UNKNOWN_CLASS = "unknown:Unknown"
UNKNOWN_END = "\0"  # of a link


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RestartSection(_Section):
    """``restart`` of a flow."""

    policy: Literal["always", "on-failure", "never"] = "on-failure"
    backoff: Backoff = (model.Restart.backoff_first_s, model.Restart.backoff_most_s)
    limit: Limit = (model.Restart.limit, model.Restart.window_s)


class WatchdogSection(_Section):
    """``watchdog`` of a flow."""

    start: Deadline = model.Watchdog.start_s
    progress: Progress = model.Watchdog.progress_s
    stop: Deadline = model.Watchdog.stop_s
    contact: Deadline = model.Watchdog.contact_s


class ResourcesSection(_Section):
    """``resources`` of a flow."""

    cpus: Annotated[list[Annotated[int, Field(ge=0, lt=model.MOST_CPUS)]], Field(min_length=1)] | None = None
    nice: Annotated[int, Field(ge=-20, le=19)] | None = None
    memory_max: Size | None = None
    memory_high: Size | None = None
    cpu_weight: Annotated[int, Field(ge=1, le=10_000)] | None = None
    tasks_max: Annotated[int, Field(ge=1)] | None = None


class RoutineSection(_Section):
    """One routine of a flow."""

    class_: ClassPath = Field(alias="class")
    params: dict[str, Any] = {}
    fps: Annotated[float, Field(ge=model.SLOWEST_FPS, le=model.FASTEST_FPS, strict=False)] | None = None
    on_error: Literal["skip", "retry", "fail"] = "skip"


class FlowSection(_Section):
    """One flow."""

    routines: dict[Name, RoutineSection] = Field(min_length=1)
    restart: RestartSection = RestartSection()
    watchdog: WatchdogSection = WatchdogSection()
    resources: ResourcesSection = ResourcesSection()
    standby: bool = model.Flow.standby


class LinkSection(_Section):
    """One entry of ``links``."""

    from_: str = Field(alias="from")
    to: list[str] = Field(min_length=1)
    policy: Literal["wait", "drop_oldest", "drop_newest"] = "wait"
    depth: Annotated[int, Field(ge=1, le=model.DEEPEST_LINK)] = model.Link.depth
    max_age: Deadline | None = None
    max_deliveries: Annotated[int, Field(ge=1, le=1000)] = model.Link.max_deliveries


def unknown_link() -> dict[str, Any]:
    """What stands for a link that the file does not give rightly."""
    return {"from": UNKNOWN_END, "to": [UNKNOWN_END]}


class PipelineSection(_Section):
    """A whole definition file."""

    pipeline: Name
    description: str = ""
    autostart: bool = True
    python: Text | None = None
    path: list[Text] = []
    environment: dict[Variable, str] = {}
    credentials: list[Text] = []
    shm_limit: Size = model.Pipeline.shm_limit
    orphan_timeout: Duration | None = None
    flows: dict[Name, FlowSection] = Field(min_length=1)
    links: list[LinkSection] = []


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a definition file."""
    return PipelineSection.model_json_schema(by_alias=True)

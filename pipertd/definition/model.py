"""A pipeline definition as frozen values: what the rest of pipertd works with after the read.

Every default of a definition stands here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pipertd.names import Policy, RoutineRef

KIB = 1024
MIB = 1024 * KIB
MOST_CPUS = 1024  # what the kernel's fixed-size cpu_set_t holds
DEEPEST_LINK = 4096  # messages
SLOWEST_FPS, FASTEST_FPS = 1e-4, 1e6  # once in three hours; once a microsecond


Ends = tuple[RoutineRef, RoutineRef]  # which link of its pipeline one is, however deep and with whatever policy


class OnError(StrEnum):
    """What an exception in ``main_logic`` means for the message in hand."""

    SKIP = "skip"
    RETRY = "retry"
    FAIL = "fail"


class Start(StrEnum):
    """Where the processes of a flow come from."""

    EXEC = "exec"
    ZYGOTE = "zygote"


class RestartPolicy(StrEnum):
    """When a flow that ended is started again."""

    ALWAYS = "always"
    ON_FAILURE = "on-failure"
    NEVER = "never"


class Pacing(StrEnum):
    """What sets the pace of sources besides their ``fps``: nothing, or what their consumers can take."""

    FREE = "free"
    AUTO = "auto"


@dataclass(frozen=True)
class Restart:
    """How often and how soon a flow is started again."""

    policy: RestartPolicy = RestartPolicy.ON_FAILURE
    backoff_first_s: float = 0.1
    backoff_most_s: float = 30.0
    limit: int = 5
    window_s: float = 60.0


@dataclass(frozen=True)
class Watchdog:
    """How long a routine may take for ``setup``, between two signs of progress, and to stop; and a flow to answer."""

    start_s: float = 60.0
    progress_s: float = 30.0
    stop_s: float = 10.0
    contact_s: float = 30.0


@dataclass(frozen=True)
class Resources:
    """What a flow may use; None leaves it as it is."""

    cpus: tuple[int, ...] | None = None
    nice: int | None = None
    memory_max: int | None = None
    memory_high: int | None = None
    cpu_weight: int | None = None
    tasks_max: int | None = None


@dataclass(frozen=True)
class Routine:
    """One step of user code in a flow; ``class_path`` is ``module:Class``."""

    name: str
    class_path: str
    params: Mapping[str, object] = field(default_factory=dict)
    fps: float | None = None
    on_error: OnError = OnError.SKIP


@dataclass(frozen=True)
class Flow:
    """One OS process and the routines in it, in the order of the file."""

    name: str
    routines: tuple[Routine, ...]
    restart: Restart = Restart()
    watchdog: Watchdog = Watchdog()
    resources: Resources = Resources()
    standby: bool = False
    start: Start = Start.EXEC


@dataclass(frozen=True)
class Link:
    """One edge; a ``to`` list with three names makes three of these."""

    source: RoutineRef
    destination: RoutineRef
    policy: Policy = Policy.WAIT
    depth: int = 4
    max_age_s: float | None = None
    max_deliveries: int = 3

    @property
    def ends(self) -> Ends:
        """Where it begins and where it ends; no two links of a pipeline have the same."""
        return self.source, self.destination

    @property
    def within_flow(self) -> bool:
        """Whether both ends live in one process, so that messages pass by reference."""
        return self.source.flow == self.destination.flow

    def __str__(self) -> str:
        return f"{self.source} -> {self.destination}"


@dataclass(frozen=True)
class Pipeline:
    """One definition."""

    name: str
    flows: tuple[Flow, ...]
    links: tuple[Link, ...]
    description: str = ""
    autostart: bool = True
    python: str | None = None
    path: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    credentials: tuple[str, ...] = ()
    pacing: Pacing = Pacing.FREE
    shm_limit: int = 256 * MIB
    orphan_timeout_s: float | None = None
    file: Path | None = None

    def flow(self, name: str) -> Flow:
        """The flow of that name; KeyError where there is none."""
        for flow in self.flows:
            if flow.name == name:
                return flow
        raise KeyError(name)

    @property
    def routines(self) -> tuple[RoutineRef, ...]:
        """All routines, in the order of the file."""
        return tuple(RoutineRef(flow.name, routine.name) for flow in self.flows for routine in flow.routines)

    def inputs_of(self, routine: RoutineRef) -> tuple[Link, ...]:
        """The links that end at ``routine``, in the order of the file."""
        return tuple(link for link in self.links if link.destination == routine)

    def outputs_of(self, routine: RoutineRef) -> tuple[Link, ...]:
        """The links that begin at ``routine``, in the order of the file."""
        return tuple(link for link in self.links if link.source == routine)

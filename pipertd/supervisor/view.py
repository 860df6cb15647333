"""Frozen records for whoever looks: what the supervisor shows, and all that control, clients and ``run`` may see.

Durations are seconds, sizes bytes, rates per second. ``None`` means: not known, or nothing measured yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from pipertd.supervisor.failure import Failure


class State(StrEnum):
    """The lifecycle of a flow; a pipeline's state is derived from its flows'."""

    STOPPED = "STOPPED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    KILLING = "KILLING"
    BACKING_OFF = "BACKING_OFF"
    EXITED = "EXITED"
    FAILED = "FAILED"

    @property
    def at_rest(self) -> bool:
        """Whether nothing runs and nothing will by itself."""
        return self in (State.STOPPED, State.EXITED, State.FAILED)


WORST_FIRST = (
    State.FAILED,
    State.KILLING,
    State.BACKING_OFF,
    State.STARTING,
    State.STOPPING,
    State.RUNNING,
    State.STOPPED,
    State.EXITED,
)


def worst(states: Iterable[State]) -> State:
    """The one to be shown for all of them."""
    return min(states, key=WORST_FIRST.index)


@dataclass(frozen=True)
class RoutineView:
    """One routine: what it does and how long ``main_logic`` takes.

    ``busy`` is its share of the time, 0 to 1; ``pace`` the messages a second that a source is held to, because its
    consumers can take no more.
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


@dataclass(frozen=True)
class LinkView:
    """One link's ledger: produced = delivered + failed + dropped + quarantined + in_flight, each counted by itself.

    Attributes:
        rate: messages a second that its consumer took to an end.
        oldest_age_s: how long ago the message that waits longest was captured.
        bytes: the slots that its messages hold in its producer's pool; what is passed on lies in another's.
        leased: for how many messages that ended already slots are kept, by the routines in ``leased_by``.
        blocked_by: the routine for which its producer waits.
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
    bytes: int = 0
    oldest_age_s: float | None = None
    leased_by: tuple[str, ...] = ()
    rate: float = 0.0
    blocked_by: str | None = None

    @property
    def in_flight(self) -> int:
        """Messages in hand and waiting."""
        return self.waiting + self.in_hand


class Pressure(NamedTuple):
    """The share of the last ten seconds, 0 to 1, in which something of a flow waited for what it lacked."""

    cpu: float
    memory: float
    io: float


class Usage(NamedTuple):
    """What a process has used of processors since it began, and what it holds of memory, shared pages included."""

    cpu_s: float
    memory_bytes: int


@dataclass(frozen=True)
class FlowView:
    """One flow; ``reason`` says how the last generation ended, where one did, and ``failure`` names how it failed.

    A flow that is ``paused`` takes nothing and gives nothing, whatever its state.
    """

    name: str
    state: State
    pid: int | None
    generation: int
    restarts: int
    seconds: float
    reason: str = ""
    failure: Failure | None = None
    pressure: Pressure | None = None
    paused: bool = False
    usage: Usage | None = None


@dataclass(frozen=True)
class PipelineView:
    """One pipeline's whole snapshot; the end-to-end latency is capture to handled, at its destinations."""

    name: str
    description: str
    state: State
    seconds: float
    flows: tuple[FlowView, ...]
    routines: tuple[RoutineView, ...]
    links: tuple[LinkView, ...]
    end_to_end_p50_s: float | None = None
    end_to_end_p99_s: float | None = None


@dataclass(frozen=True)
class Snapshot:
    """Everything at one moment; continue with notices after ``revision``."""

    epoch: str
    revision: int
    pipelines: tuple[PipelineView, ...]


class NoticeKind(StrEnum):
    """What kind of fact a notice records."""

    DAEMON_STARTED = "daemon_started"
    DAEMON_STOPPING = "daemon_stopping"
    PIPELINE_LOADED = "pipeline_loaded"
    PIPELINE_REMOVED = "pipeline_removed"
    DEFINITIONS_RELOADED = "definitions_reloaded"
    RELOAD_FAILED = "reload_failed"
    LINK_DRAWN = "link_drawn"
    LINK_REMOVED = "link_removed"
    MESSAGES_UNLINKED = "messages_unlinked"
    DEFINITION_INVALID = "definition_invalid"
    PIPELINE_ADOPTED = "pipeline_adopted"
    PIPELINE_LOST = "pipeline_lost"
    SOCKET_LOST = "socket_lost"
    STATE_UNREADABLE = "state_unreadable"
    PIPELINE_UNRECORDED = "pipeline_unrecorded"
    PIPELINE_RECORDED = "pipeline_recorded"
    PIPELINE_UNKEPT = "pipeline_unkept"
    PIPELINE_ENDED = "pipeline_ended"
    FLOW_STATE_CHANGED = "flow_state_changed"
    FLOW_ADOPTED = "flow_adopted"
    FLOW_STARTED = "flow_started"
    FLOW_EXITED = "flow_exited"
    FLOW_RESTARTING = "flow_restarting"
    FLOW_FAILED = "flow_failed"
    FLOW_PAUSED = "flow_paused"
    FLOW_RESUMED = "flow_resumed"
    WATCHDOG_EXPIRED = "watchdog_expired"
    LIMITS_UNMET = "limits_unmet"
    CONTACT_LOST = "contact_lost"
    SLOTS_HOARDED = "slots_hoarded"
    PROCESSES_LEFT = "processes_left"
    SETTLING_FAILED = "settling_failed"
    STANDBY_FAILED = "standby_failed"
    MESSAGE_QUARANTINED = "message_quarantined"
    EVENT_RAISED = "event_raised"


@dataclass(frozen=True)
class Notice:
    """An immutable fact that the daemon recorded; ``message`` is one line for people."""

    epoch: str
    revision: int
    time_s: float
    kind: NoticeKind
    pipeline: str
    flow: str
    routine: str
    message: str
    details: Mapping[str, str] = field(default_factory=dict)


class EventParameter(NamedTuple):
    """What a handler takes by one name: its type as the author wrote it, or empty."""

    name: str
    type: str
    optional: bool


@dataclass(frozen=True)
class EventHandler:
    """A method of a routine that handles an event; it takes parameters of other names too where it ``takes_more``."""

    flow: str
    routine: str
    event: str
    parameters: tuple[EventParameter, ...]
    takes_more: bool
    description: str


class SilentFlow(NamedTuple):
    """A flow that could not tell what it handles, and why."""

    flow: str
    reason: str


class HandlersView(NamedTuple):
    """The handlers of some routines, in the order of the definition and then by event, and who could not tell."""

    handlers: tuple[EventHandler, ...]
    silent: tuple[SilentFlow, ...]


@dataclass(frozen=True)
class EventAnswer:
    """What one routine made of an event: a value (JSON-like), or an error in words."""

    flow: str
    routine: str
    value: object = None
    error: str | None = None
    deadline_exceeded: bool = False

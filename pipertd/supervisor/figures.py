"""The figures of one run as they are shown: read from shared memory, and kept when the run is over."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipertd.definition.model import Link, Pipeline
from pipertd.names import Policy, RoutineRef
from pipertd.shm.status import Activity, RoutineFacts
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.view import LinkView, RoutineView, State

_RATE_WINDOW_S = 5.0
States = Mapping[str, tuple[State, int, bool]]  # flow → its state and generation, and whether it is paused


class Rates:
    """How fast counters grow, in the last few seconds or over a whole run: messages, and time at work."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, object], deque[tuple[float, float]]] = {}

    @classmethod
    def of_run(cls, definition: Pipeline, segments: PipelineSegments) -> Rates:
        """Those of a run that is over, each from its routine's first message to its last."""
        rates = cls()
        for ref in definition.routines:
            fact = segments.routine_facts(ref)
            if fact.handled > 1:
                rates.note_routine(ref, 0.0, 1, 0.0)
                rates.note_routine(ref, fact.span_s, fact.handled, fact.busy_s)
        for link in definition.links:
            if segments.ended(link) > 1:
                rates.note_link(link, 0.0, 1)
                rates.note_link(link, segments.routine_facts(link.destination).span_s, segments.ended(link))
        return rates

    def note_routine(self, ref: RoutineRef, now_s: float, handled: int, busy_s: float) -> None:
        """Note a routine's counters."""
        self._note(("handled", ref), now_s, handled)
        self._note(("busy", ref), now_s, busy_s)

    def note_link(self, link: Link, now_s: float, ended: int) -> None:
        """Note a link's counter."""
        self._note(("ended", str(link)), now_s, ended)

    def of_routine(self, ref: RoutineRef) -> float:
        """Messages a second; 0 where there is nothing to compare yet."""
        return self._growth(("handled", ref))

    def busy(self, ref: RoutineRef) -> float:
        """The share of the time that a routine spends in ``main_logic``, 0 to 1."""
        return min(1.0, self._growth(("busy", ref)))

    def of_link(self, link: Link) -> float:
        """Messages a second that a link's consumer took to an end."""
        return self._growth(("ended", str(link)))

    def _note(self, key: tuple[str, object], now_s: float, counter: float) -> None:
        samples = self._samples.setdefault(key, deque())
        samples.append((now_s, counter))
        while len(samples) > 2 and now_s - samples[1][0] >= _RATE_WINDOW_S:
            samples.popleft()

    def _growth(self, key: tuple[str, object]) -> float:
        samples = self._samples.get(key)
        if not samples or samples[-1][0] == samples[0][0]:
            return 0.0
        (first_s, first), (last_s, last) = samples[0], samples[-1]
        return max(0.0, (last - first) / (last_s - first_s))


@dataclass(frozen=True)
class Figures:
    """Routines, links and latency of one run at one moment."""

    routines: tuple[RoutineView, ...]
    links: tuple[LinkView, ...]
    end_to_end_p50_s: float | None = None
    end_to_end_p99_s: float | None = None

    @classmethod
    def blank(cls, definition: Pipeline) -> Figures:
        """Those of a pipeline that never ran."""
        routines = tuple(
            RoutineView(ref.flow, ref.routine, "", State.STOPPED, 0, 0, 0.0, 0.0, None, None)
            for ref in definition.routines
        )
        return cls(routines, tuple(map(_blank_link, definition.links)))

    @classmethod
    def read(cls, definition: Pipeline, segments: PipelineSegments, states: States, rates: Rates) -> Figures:
        """Those of the present run."""
        routines = tuple(_routine(ref, segments, states[ref.flow], rates) for ref in definition.routines)
        links = tuple(
            replace(
                view, rate=rates.of_link(link), blocked_by=_blocker(view, states, segments.routine_facts(link.source))
            )
            for link in definition.links
            for view in [segments.link_view(link)]
        )
        return cls(routines, links, *segments.end_to_end())

    def at_rest(self, states: States) -> Figures:
        """The same when no run is on: each routine is as its flow is, also where an earlier daemon had the run."""
        return replace(self, routines=tuple(replace(one, state=states[one.flow][0].value) for one in self.routines))

    def without_memory(self) -> Figures:
        """The same when the run's memory is given back: whoever held some of it holds nothing."""
        freed = (replace(link, bytes=0, leased=0, leased_by=(), blocked_by=None) for link in self.links)
        return replace(self, links=tuple(freed))


def _routine(ref: RoutineRef, segments: PipelineSegments, flow: tuple[State, int, bool], rates: Rates) -> RoutineView:
    fact = segments.routine_facts(ref)
    state, generation, _ = flow
    lives = fact.generation == generation and not state.at_rest and state is not State.BACKING_OFF
    return RoutineView(
        flow=ref.flow,
        name=ref.routine,
        kind=fact.kind,
        state=fact.activity.name if lives else state.value,
        handled=fact.handled,
        failed=fact.failed,
        rate=rates.of_routine(ref),
        busy=rates.busy(ref),
        p50_s=fact.quantile_s(0.5),
        p99_s=fact.quantile_s(0.99),
        pace=1 / fact.demand_s if lives and fact.demand_s and fact.kind == "source" else None,
    )


def _blocker(link: LinkView, states: States, producer: RoutineFacts) -> str | None:
    """Who keeps the producer waiting: the consumer of a full link, or who keeps its slots, in views or in hand."""
    if link.policy != Policy.WAIT:
        return None
    if link.waiting >= link.depth:
        state, _, paused = states[link.destination.partition("/")[0]]
        why = "paused" if paused else state
        return link.destination if why is State.RUNNING else f"{link.destination} ({why})"
    if producer.activity is not Activity.BLOCKED:
        return None
    if link.leased_by:
        return ", ".join(link.leased_by)
    return link.destination if link.in_hand > 1 else None  # a batch has all of the slots


def _blank_link(link: Link) -> LinkView:
    return LinkView(str(link.source), str(link.destination), link.policy, link.depth, 0, 0, 0, {}, 0, 0, 0, 0)

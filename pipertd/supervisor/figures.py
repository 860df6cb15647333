"""The figures of one run as they are shown: read from shared memory, and kept when the run is over."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

from pipertd.definition.model import Link, Pipeline
from pipertd.names import Policy, RoutineRef
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.view import LinkView, RoutineView, State

_RATE_WINDOW_S = 5.0
_States = Mapping[str, tuple[State, int]]  # flow → its state and generation


class Rates:
    """How many messages a second each routine handled, in the last few seconds or over a whole run."""

    def __init__(self) -> None:
        self._samples: dict[RoutineRef, deque[tuple[float, int]]] = {}

    @classmethod
    def of_run(cls, definition: Pipeline, segments: PipelineSegments) -> Rates:
        """Those of a run that is over, each from its routine's first message to its last."""
        rates = cls()
        for ref in _refs(definition):
            fact = segments.routine_facts(ref)
            if fact.handled > 1:
                rates.note(ref, 0.0, 1)
                rates.note(ref, fact.span_s, fact.handled)
        return rates

    def note(self, ref: RoutineRef, now_s: float, handled: int) -> None:
        """Note one counter."""
        samples = self._samples.setdefault(ref, deque())
        samples.append((now_s, handled))
        while len(samples) > 2 and now_s - samples[1][0] >= _RATE_WINDOW_S:
            samples.popleft()

    def of(self, ref: RoutineRef) -> float:
        """Messages a second; 0 where there is nothing to compare yet."""
        samples = self._samples.get(ref)
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
            RoutineView(ref.flow, ref.routine, "", State.STOPPED, 0, 0, 0.0, None, None) for ref in _refs(definition)
        )
        return cls(routines, tuple(map(_blank_link, definition.links)))

    @classmethod
    def read(cls, definition: Pipeline, segments: PipelineSegments, states: _States, rates: Rates) -> Figures:
        """Those of the present run."""
        routines = tuple(_routine(ref, segments, states[ref.flow], rates) for ref in _refs(definition))
        links = tuple(_with_blocker(link, states) for link in segments.link_views())
        return cls(routines, links, *segments.end_to_end())


def _refs(definition: Pipeline) -> list[RoutineRef]:
    return [RoutineRef(flow.name, routine.name) for flow in definition.flows for routine in flow.routines]


def _routine(ref: RoutineRef, segments: PipelineSegments, flow: tuple[State, int], rates: Rates) -> RoutineView:
    fact = segments.routine_facts(ref)
    state, generation = flow
    lives = fact.generation == generation and not state.at_rest and state is not State.BACKING_OFF
    return RoutineView(
        flow=ref.flow,
        name=ref.routine,
        kind=fact.kind,
        state=fact.activity.name if lives else state.value,
        handled=fact.handled,
        failed=fact.failed,
        rate=rates.of(ref),
        p50_s=fact.p50_s,
        p99_s=fact.p99_s,
    )


def _with_blocker(link: LinkView, states: _States) -> LinkView:
    """Name whoever keeps a full link's producer waiting."""
    if link.policy != Policy.WAIT or link.waiting < link.depth:
        return link
    state = states[link.destination.partition("/")[0]][0]
    return replace(link, blocked_by=link.destination if state is State.RUNNING else f"{link.destination} ({state})")


def _blank_link(link: Link) -> LinkView:
    return LinkView(str(link.source), str(link.destination), link.policy, link.depth, 0, 0, 0, {}, 0, 0, 0, 0)

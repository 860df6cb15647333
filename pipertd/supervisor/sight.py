"""What the daemon sees of one flow in shared memory: what its routines say, how fast they are, who keeps slots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pipertd.clock import monotonic_s
from pipertd.definition.model import Flow, Pipeline
from pipertd.names import RoutineRef
from pipertd.shm.status import RoutineFacts
from pipertd.supervisor.hoarding import Hoarding
from pipertd.supervisor.run import Run
from pipertd.supervisor.view import LinkView


class Sight:
    """One flow, from look to look."""

    def __init__(self, pipeline: Pipeline, flow: Flow) -> None:
        self._hoarding: dict[str, Hoarding] = {}
        self.renew(pipeline, flow)

    def renew(self, pipeline: Pipeline, flow: Flow) -> None:
        """Go by another definition."""
        self._refs = [RoutineRef(flow.name, routine.name) for routine in flow.routines]
        self._in_links = [link for link in pipeline.links if link.destination.flow == flow.name]
        self._out_links = {ref: [link for link in pipeline.links if link.source == ref] for ref in self._refs}

    def facts(self, run: Run) -> dict[str, RoutineFacts]:
        """What each routine last said of itself, by name."""
        return {ref.routine: run.segments.routine_facts(ref) for ref in self._refs}

    def note_rates(self, run: Run, facts: Mapping[str, RoutineFacts]) -> None:
        """Have the rates of the run know of every counter of this flow."""
        now_s = monotonic_s()
        for ref in self._refs:
            fact = facts[ref.routine]
            run.rates.note_routine(ref, now_s, fact.handled, fact.busy_s)
        for link in self._in_links:
            run.rates.note_link(link, now_s, run.segments.ended(link))

    def hoarded(self, run: Run, facts: Mapping[str, RoutineFacts]) -> Iterator[tuple[str, LinkView]]:
        """Every routine that has newly been found to wait for slots of a link that others keep, with that link."""
        for ref in self._refs:
            hoarding = self._hoarding.setdefault(ref.routine, Hoarding())
            link = hoarding.found(facts[ref.routine], partial(self._out_views, run, ref), monotonic_s())
            if link is not None:
                yield ref.routine, link

    def _out_views(self, run: Run, ref: RoutineRef) -> list[LinkView]:
        return [run.segments.link_view(link) for link in self._out_links[ref]]

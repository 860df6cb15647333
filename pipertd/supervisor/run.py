"""One run of a pipeline: its shared memory, how fast its counters grow, and the figures that are left of it."""

from __future__ import annotations

import logging

from pipertd.definition.model import Pipeline
from pipertd.errors import SegmentError
from pipertd.supervisor.figures import Figures, Rates, States
from pipertd.supervisor.segments import PipelineSegments

logger = logging.getLogger(__name__)


class Run:
    """What the flows of a run share; ``rates`` are fed by their looks."""

    def __init__(self, segments: PipelineSegments) -> None:
        self.segments = segments
        self.rates = Rates()

    def figures(self, definition: Pipeline, states: States) -> Figures:
        """What is shown of it now."""
        return Figures.read(definition, self.segments, states, self.rates)

    def end(self, definition: Pipeline, states: States) -> Figures:
        """Count what is left on the links, and give the memory back; every flow is dead. Returns its last figures."""
        try:
            self.segments.count_stopped()
        except SegmentError as reason:
            logger.warning("cannot count what was left on the links of %s: %s", definition.name, reason)
        self.rates = Rates.of_run(definition, self.segments)
        figures = self.figures(definition, states)
        self.segments.close()
        return figures.without_memory()

"""The runs of a pipeline, one after the other: the one that is on, and what is left of the last one to be looked at."""

from __future__ import annotations

from collections.abc import Iterable

from pipertd.clock import monotonic_s
from pipertd.definition.model import Pipeline
from pipertd.definition.plan import Fit
from pipertd.supervisor.custody import Custody
from pipertd.supervisor.figures import Figures, States
from pipertd.supervisor.manifest import Manifest, SegmentsRecord
from pipertd.supervisor.run import Run
from pipertd.supervisor.segments import Adopted, PipelineSegments
from pipertd.supervisor.survivors import Survivors, open_segments
from pipertd.supervisor.view import LinkView


class Runs:
    """When they began and ended, their memory and their figures; which flows run is not known here.

    Attributes:
        present: the one that is on; None between two.
        began_s: when it began, or the last one did.
    """

    def __init__(self, definition: Pipeline, custody: Custody) -> None:
        self._custody = custody
        self.present: Run | None = None
        self.began_s = self._ended_s = monotonic_s()
        self._figures = Figures.blank(definition)  # of the present one, or of the last one

    def begin(self, definition: Pipeline, promised_bytes: int) -> Run:
        """Have one on; ``promised_bytes`` is what of the system's shared memory pipelines may still reserve.

        Raises:
            SegmentError: there is not enough shared memory.
        """
        self.present = Run(PipelineSegments(definition, promised_bytes))
        self._have_kept(self.present)
        self.began_s = monotonic_s()
        return self.present

    def adopt(self, manifest: Manifest, survivors: Iterable[Survivors]) -> None:
        """Go on with one that a daemon before this one had, if there was one.

        Raises:
            ManifestError: its shared memory is lost.
            SegmentError: it is of another byte format.
        """
        if manifest.segments is not None:
            fds = open_segments(manifest.segments, survivors, self._custody)
            self.present = Run(PipelineSegments(manifest.definition, adopted=Adopted(manifest.segments, fds)))
            self._have_kept(self.present)
        self.began_s = manifest.began_s

    def end(self, definition: Pipeline, states: States) -> None:
        """Keep the figures of the one that is on, and give its memory back; every flow is dead."""
        assert self.present is not None
        self._ended_s = monotonic_s()
        self._figures, self.present = self.present.end(definition, states), None

    def renew(self, old: Pipeline, new: Pipeline) -> tuple[LinkView, ...]:
        """Go by another definition, which the present one's segments fit; returns links that are removed from it."""
        if self.present is not None:
            return self.present.segments.renew(new)
        if old.routines != new.routines or old.links != new.links:
            self._figures = Figures.blank(new)  # those of the last run are another pipeline's
        return ()

    def figures(self, definition: Pipeline, states: States) -> Figures:
        """As they are now, or as they were at the end of the last one."""
        if self.present is not None:
            self._figures = self.present.figures(definition, states)
            return self._figures
        return self._figures.at_rest(states)

    @property
    def seconds(self) -> float:
        """How long the present one has been on, or the last one was."""
        return (self._ended_s if self.present is None else monotonic_s()) - self.began_s

    @property
    def promised_bytes(self) -> int:
        """How much shared memory the present one may still reserve."""
        return 0 if self.present is None else self.present.segments.promised_bytes

    @property
    def reserved_bytes(self) -> int:
        """How much shared memory it has reserved, which is free when it is over."""
        return 0 if self.present is None else self.present.segments.reserved_bytes

    def fit(self, definition: Pipeline) -> Fit:
        """How another definition fits its segments."""
        return Fit() if self.present is None else self.present.segments.fit(definition)

    def is_drained(self, flow: str) -> bool:
        """Whether nothing waits for a flow."""
        return self.present is None or self.present.segments.drained(flow)

    def _have_kept(self, run: Run) -> None:
        """Have its memory outlive this daemon and all flows, where somebody can keep it."""
        self._custody.keep(run.segments.name, run.segments.all_fds())

    def record(self) -> SegmentsRecord | None:
        """What the next daemon has to know of its memory."""
        return None if self.present is None else self.present.segments.record()

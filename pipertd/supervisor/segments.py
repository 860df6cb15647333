"""All shared memory of one run of one pipeline: made here, handed to flows by descriptor, read for status.

The daemon keeps every descriptor, so that data in flight outlives both ends of a link. It maps ledgers read-only and
never maps a pool: it has no business with payloads.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from pipertd.clock import wall_s
from pipertd.definition.model import Link, Pipeline
from pipertd.definition.plan import Fit
from pipertd.errors import SegmentError
from pipertd.names import RoutineRef
from pipertd.protocol import RoutineSpec
from pipertd.shm import bell, dead
from pipertd.shm import layout as at
from pipertd.shm.growth import add_in_link, add_out_link
from pipertd.shm.histogram import quantile_s
from pipertd.shm.ledger import Ledger, create_ledger
from pipertd.shm.segment import create_segment
from pipertd.shm.status import Activity, RoutineFacts, read_end_to_end, read_status
from pipertd.supervisor.admission import (
    LEAST_CAPACITY,
    capacity_for,
    ledger_shape,
    needs_of,
    pool_sizes,
    reserved_bytes,
    with_capacities,
)
from pipertd.supervisor.arrangement import Arrangement, Home
from pipertd.supervisor.counts import LinkPlace, Passer, ended, link_view
from pipertd.supervisor.custody import RunName
from pipertd.supervisor.manifest import HomeRecord, SegmentsRecord
from pipertd.supervisor.order import fed_from_within
from pipertd.supervisor.procfs import Identity, identity
from pipertd.supervisor.view import LinkView

_HELD = (Activity.PAUSED, Activity.RESTING)
_AT_LEISURE = (Activity.IDLE, Activity.AWAITS_DONE)  # a batch that is kept until it is complete does not drain


class Adopted(NamedTuple):
    """What a run has in shared memory already: as it is on record, and descriptors of all of it."""

    record: SegmentsRecord
    fds: Mapping[Identity, int]


class VisibleLink(NamedTuple):
    """Where a link's messages lie: its place in the ledger of its source, and the pools, by number."""

    link: Link
    ledger_fd: int
    column: int
    pools: Mapping[int, int]


class PipelineSegments:
    """Ledgers, pools and bells of a pipeline's routines; ``run`` is a name that no other run of it has."""

    def __init__(
        self,
        pipeline: Pipeline,
        promised_bytes: int = 0,
        *,
        least_capacity: int = LEAST_CAPACITY,
        adopted: Adopted | None = None,
    ) -> None:
        """Make them all, or go on with those of a daemon before this one.

        ``promised_bytes`` is what other pipelines may still reserve.

        Every link may become ``least_capacity`` deep during the run, whatever its depth is now.

        Raises:
            SegmentError: the pipeline asks for more shared memory than there is, with the arithmetic; or what is
                there already is of another byte format.
        """
        self._pipeline = pipeline
        self._least_capacity = least_capacity
        self.run = _name_of_run(wall_s())
        self._homes: dict[RoutineRef, Home] = {}
        self._guards_fd = -1
        if adopted is not None:
            try:
                self._adopt(adopted)
                self._arranged = Arrangement(pipeline, tuple(adopted.record.links), self._homes, self._guards_fd)
                self._check_places()
            except SegmentError:
                for fd in adopted.fds.values():
                    os.close(fd)
                raise
            return
        needs, most = needs_of(pipeline), needs_of(with_capacities(pipeline, least_capacity))
        pools = pool_sizes(pipeline, needs, most, promised_bytes)
        try:
            self._guards_fd = create_segment(len(pipeline.links))
            for ref, pool_bytes in pools.items():
                self._homes[ref] = self._create(ledger_shape(ref, most, pool_bytes))
        except BaseException:
            self.close()
            raise
        self._arranged = Arrangement(pipeline, pipeline.links, self._homes, self._guards_fd)

    def _adopt(self, adopted: Adopted) -> None:
        record, fds = adopted
        self.run, self._guards_fd = record.run, fds[record.guards]
        for each in record.homes:
            pool_fd = fds[each.pool] if each.pool else -1
            ledger = Ledger(fds[each.ledger], writable=False)
            ref = RoutineRef(each.flow, each.routine)
            self._homes[ref] = Home(each.number, fds[each.ledger], pool_fd, fds[each.bell], ledger)

    def _check_places(self) -> None:
        """See that each ledger is that of its routine, as far as that shows: it has a block for each of its links.

        It may have one more, for a link that a daemon was killed over.
        """
        for ref, home in self._homes.items():
            ins, outs = len(self._arranged.inputs_of(ref)), len(self._arranged.outputs_of(ref))
            if ins > len(home.ledger.layout.ins) or outs > len(home.ledger.layout.outs):
                raise SegmentError(f"the ledger that is said to be that of {ref} is one of other links")

    def _create(self, shape: at.Shape) -> Home:
        with ExitStack() as made:
            try:
                ledger_fd = create_ledger(shape)
                made.callback(os.close, ledger_fd)
                pool_fd = create_segment(shape.pool_bytes) if shape.pool_bytes else -1
                if shape.pool_bytes:
                    made.callback(os.close, pool_fd)
                bell_fd = bell.create_bell()
                made.callback(os.close, bell_fd)
                ledger = Ledger(ledger_fd, writable=False)
            except OSError as reason:
                raise SegmentError(f"cannot start {self._pipeline.name}: {reason}") from reason
            made.pop_all()
        return Home(len(self._homes), ledger_fd, pool_fd, bell_fd, ledger)

    @property
    def name(self) -> RunName:
        """Which run they are of."""
        return RunName(self._pipeline.name, self.run)

    @property
    def promised_bytes(self) -> int:
        """How much of its ``shm_limit`` the pipeline has not reserved yet."""
        return max(0, self._pipeline.shm_limit - self.reserved_bytes)

    @property
    def reserved_bytes(self) -> int:
        """How much shared memory the pipeline has reserved."""
        return reserved_bytes([fd for home in self._homes.values() for fd in (home.ledger_fd, home.pool_fd) if fd >= 0])

    # -- for the launch of a flow

    def flow_specs(self, flow: str) -> list[RoutineSpec]:
        """What a flow is told of its routines; descriptor numbers are the daemon's, to be kept in the child."""
        return self._arranged.flow_specs(flow)

    def all_fds(self) -> list[int]:
        """What every process of the run inherits, used or not: whichever of them lives, it keeps all of the run."""
        fds = {fd for home in self._homes.values() for fd in (home.ledger_fd, home.pool_fd, home.bell_fd)}
        return sorted({*fds, self._guards_fd} - {-1})

    def record(self) -> SegmentsRecord:
        """What tells these segments from all others."""
        return SegmentsRecord(
            run=self.run,
            guards=identity(self._guards_fd),
            links=list(self._arranged.links),
            homes=[_home_record(ref, home) for ref, home in self._homes.items()],
        )

    # -- for who looks at a link

    def visible(self, link: Link) -> VisibleLink:
        """Where a link's messages lie; nothing of it may be written or closed."""
        ledger_fd = self._homes[link.source].ledger_fd
        return VisibleLink(link, ledger_fd, self._arranged.column(link), self._arranged.pools_behind(link))

    # -- for a definition that changes during the run

    def misfits(self, pipeline: Pipeline) -> list[str]:
        """Why a changed definition needs a new run, in words; nothing where this one's segments can take it."""
        return self._arranged.misfits(pipeline)

    def concerned(self, pipeline: Pipeline) -> set[str]:
        """The flows that are told something else by a definition without misfits: those that have to be restarted."""
        changed = self._arranged.changed(pipeline)
        return {flow.name for flow in pipeline.flows if changed.flow_specs(flow.name) != self.flow_specs(flow.name)}

    def fit(self, pipeline: Pipeline) -> Fit:
        """How a changed definition fits, and whom it concerns."""
        misfits = self.misfits(pipeline)
        return Fit(tuple(misfits)) if misfits else Fit(told=frozenset(self.concerned(pipeline)))

    def renew(self, pipeline: Pipeline) -> tuple[LinkView, ...]:
        """Tell flows of a changed definition from now on; those that it concerns are at rest, the others go on.

        The ledgers at both ends of a link that is new are given a block for it. Else nothing in shared memory is
        touched: the next generations find it as their predecessors left it.

        Returns:
            The links that are removed: what is in flight there will be counted as unlinked.

        Raises:
            SegmentError: it does not fit, or a flow that it concerns lives; nothing has changed.
        """
        if misfits := self.misfits(pipeline):
            raise SegmentError(f"cannot change {pipeline.name} while it runs: {'; '.join(misfits)}")
        changed = self._arranged.changed(pipeline)
        for link in changed.links[len(self._arranged.links) :]:
            self._make_place(changed, link)
        removed = tuple(self.link_view(link) for link in self._pipeline.links if changed.is_unlinked(link))
        self._arranged, self._pipeline = changed, pipeline
        return removed

    def _make_place(self, changed: Arrangement, link: Link) -> None:
        source, destination = self._homes[link.source], self._homes[link.destination]
        returns = at.return_capacity(source.ledger.layout.rows + source.ledger.layout.foreign_rows)
        add_out_link(source.ledger_fd, changed.column(link), capacity_for(link.depth, self._least_capacity))
        add_in_link(destination.ledger_fd, changed.slot(link), returns)
        for ref, home in ((link.source, source), (link.destination, destination)):
            self._homes[ref] = replace(home, ledger=Ledger(home.ledger_fd, writable=False))

    # -- for status

    def routine_facts(self, ref: RoutineRef) -> RoutineFacts:
        """What a routine last said of itself."""
        return read_status(self._homes[ref].ledger)

    def link_views(self) -> tuple[LinkView, ...]:
        """The counts of every link, in the order of the definition."""
        return tuple(self.link_view(link) for link in self._pipeline.links)

    def link_view(self, link: Link) -> LinkView:
        """The counts of one link."""
        return link_view(link, self._place(link), self._passers(link.destination.flow))

    def ended(self, link: Link) -> int:
        """How many messages the link's consumer took to an end."""
        return ended(self._place(link))

    def _place(self, link: Link) -> LinkPlace:
        consumer, producer = self._homes[link.destination], self._homes[link.source]
        return LinkPlace(
            producer.ledger,
            self._arranged.column(link),
            consumer.ledger,
            self._arranged.slot(link),
            consumer.number,
        )

    def _passers(self, flow: str) -> Iterator[Passer]:
        for ref, home in self._homes.items():
            if ref.flow == flow:
                onward = tuple(str(each.destination) for each in self._arranged.outputs_of(ref))
                yield Passer(home.ledger, onward)

    def end_to_end(self) -> tuple[float | None, float | None]:
        """The median and the 99th percentile, in seconds, from capture to handled, over all destinations."""
        ends = [home.ledger for ref, home in self._homes.items() if not self._arranged.outputs_of(ref)]
        total = [sum(counts) for counts in zip(*map(read_end_to_end, ends), strict=True)]
        return quantile_s(total, 0.5), quantile_s(total, 0.99)

    def drained(self, flow: str) -> bool:
        """Whether nothing waits for the flow's routines, and what is in their hands only waits for their authors.

        What its own sources give within it does not count: that has no end before they are told to stop.
        """
        fed = fed_from_within(self._pipeline, flow)
        return all(
            view.in_flight == 0 or self._takes_no_more(link.destination, view.waiting)
            for link, view in zip(self._pipeline.links, self.link_views(), strict=True)
            if link.destination.flow == flow and not (link.within_flow and link.source in fed)
        )

    def _takes_no_more(self, routine: RoutineRef, waiting: int) -> bool:
        """Whether it will not end what it has, or what waits for it, unless somebody tells it to."""
        activity = self.routine_facts(routine).activity
        return activity in _HELD or (waiting == 0 and activity in _AT_LEISURE)

    def left_whole(self, flow: str) -> bool:
        """Whether a dead flow ended between two messages and keeps nobody's slots: it needs no settling."""
        refs = [ref for ref in self._homes if ref.flow == flow]
        return all(_ended_between_messages(self._homes[ref]) and not self._keeps_slots(ref) for ref in refs)

    def _keeps_slots(self, ref: RoutineRef) -> bool:
        ledger = self._homes[ref].ledger
        return any(
            dead.keeps_slots(ledger, slot, self._homes[link.source].ledger, self._arranged.column(link))
            for slot, link in enumerate(self._arranged.inputs_of(ref))
            if not link.within_flow
        )

    # -- at the end of the run

    def count_stopped(self) -> None:
        """Count what is left on the links as stopped; every flow must be dead.

        Raises:
            LedgerInUse: one is not.
        """
        for ref, home in self._homes.items():
            inputs = self._arranged.inputs_of(ref)
            producers = [(self._homes[link.source].ledger, self._arranged.column(link)) for link in inputs]
            dead.count_stopped(home.ledger_fd, producers)

    def close(self) -> None:
        """Close every descriptor; the kernel frees the memory with the last process that maps it."""
        for home in self._homes.values():
            for fd in (home.ledger_fd, home.pool_fd, home.bell_fd):
                if fd >= 0:
                    os.close(fd)
        if self._guards_fd >= 0:
            os.close(self._guards_fd)
        self._homes.clear()
        self._guards_fd = -1


def _home_record(ref: RoutineRef, home: Home) -> HomeRecord:
    return HomeRecord(
        number=home.number,
        flow=ref.flow,
        routine=ref.routine,
        ledger=identity(home.ledger_fd),
        pool=identity(home.pool_fd) if home.pool_fd >= 0 else None,
        bell=identity(home.bell_fd),
    )


def _ended_between_messages(home: Home) -> bool:
    """Whether the routine's loop came to its end, or never began."""
    activity = read_status(home.ledger).activity
    return activity is Activity.NONE or activity.over


def _name_of_run(began_s: float) -> str:
    return datetime.fromtimestamp(began_s, UTC).strftime("%Y%m%dT%H%M%S%f")

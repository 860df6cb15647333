"""What the flows of a run are told of their routines: segments by descriptor, links by their place in them.

An arrangement is a value. It is read off a definition and the segments of a run, so two of them tell which flows a
change of the definition concerns: those that are told something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from msgspec import structs

from pipertd.definition.model import Ends, Link, Pacing, Pipeline
from pipertd.names import Policy, RoutineRef
from pipertd.protocol import InputSpec, LinkSpec, OutputSpec, RoutineSpec
from pipertd.shm.ledger import Ledger
from pipertd.shm.status import Activity, read_status
from pipertd.supervisor.admission import Needs, needs_of


@dataclass(frozen=True)
class Home:
    """One routine's segments and bell, and its number in the pipeline."""

    number: int
    ledger_fd: int
    pool_fd: int
    bell_fd: int
    ledger: Ledger


@dataclass(frozen=True)
class Arrangement:
    """A definition in the segments of a run.

    Attributes:
        pipeline: the definition.
        links: all links that the run has had, in the order of their places: first those that it began with, then each
            that came. One that was removed keeps its place, for what was taken by it has to be given back.
        homes: the segments of its routines.
        guards_fd: the segment with a byte for every link's guard.
    """

    pipeline: Pipeline
    links: tuple[Link, ...]
    homes: Mapping[RoutineRef, Home]
    guards_fd: int

    def changed(self, pipeline: Pipeline) -> Arrangement:
        """Another definition of the same routines in the same segments."""
        defined = {link.ends: link for link in pipeline.links}
        known = tuple(defined.pop(link.ends, link) for link in self.links)
        return replace(self, pipeline=pipeline, links=(*known, *defined.values()))

    @cached_property
    def _defined(self) -> set[Ends]:
        return {link.ends for link in self.pipeline.links}

    def is_unlinked(self, link: Link) -> bool:
        """Whether a link was removed during the run."""
        return link.ends not in self._defined

    @cached_property
    def needs(self) -> dict[RoutineRef, Needs]:
        """What each routine needs."""
        return needs_of(self.pipeline)

    def inputs_of(self, ref: RoutineRef) -> tuple[Link, ...]:
        """The in-links of a routine in the order of their places."""
        return self._inputs.get(ref, ())

    def outputs_of(self, ref: RoutineRef) -> tuple[Link, ...]:
        """The out-links of a routine in the order of their places."""
        return self._outputs.get(ref, ())

    def flow_specs(self, flow: str) -> list[RoutineSpec]:
        """What a flow is told of its routines; descriptor numbers are the daemon's, to be kept in the child."""
        return [self._routine_spec(RoutineRef(flow, routine.name)) for routine in self.pipeline.flow(flow).routines]

    def column(self, link: Link) -> int:
        """The place of a link among its producer's out-links."""
        return self._columns[link.ends]

    def slot(self, link: Link) -> int:
        """The place of a link among its consumer's in-links."""
        return self._slots[link.ends]

    @cached_property
    def _inputs(self) -> dict[RoutineRef, tuple[Link, ...]]:
        return _by(self.links, lambda link: link.destination)

    @cached_property
    def _outputs(self) -> dict[RoutineRef, tuple[Link, ...]]:
        return _by(self.links, lambda link: link.source)

    @cached_property
    def _columns(self) -> dict[Ends, int]:
        return {link.ends: column for ref in self.homes for column, link in enumerate(self.outputs_of(ref))}

    @cached_property
    def _slots(self) -> dict[Ends, int]:
        return {link.ends: slot for ref in self.homes for slot, link in enumerate(self.inputs_of(ref))}

    def _routine_spec(self, ref: RoutineRef) -> RoutineSpec:
        home, needs = self.homes[ref], self.needs[ref]
        routine = next(each for each in self.pipeline.flow(ref.flow).routines if each.name == ref.routine)
        upstream = self._upstream(ref)
        return RoutineSpec(
            name=routine.name,
            class_path=routine.class_path,
            params=dict(routine.params),
            fps=routine.fps,
            on_error=routine.on_error.value,
            ledger_fd=home.ledger_fd,
            pool_fd=home.pool_fd,
            bell_fd=home.bell_fd,
            number=home.number,
            read_pools={self.homes[one].number: self.homes[one].pool_fd for one in upstream if self._has_pool(one)},
            upstream={self.homes[one].number: str(one) for one in upstream},
            hands=needs.hands,
            rows=needs.rows,
            foreign_rows=needs.foreign_rows,
            inputs=[self._input_spec(slot, link) for slot, link in enumerate(self.inputs_of(ref))],
            outputs=[self._output_spec(slot, link) for slot, link in enumerate(self.outputs_of(ref))],
            paced=self.pipeline.pacing is Pacing.AUTO,
        )

    def _has_pool(self, ref: RoutineRef) -> bool:
        return self.homes[ref].pool_fd >= 0

    def _upstream(self, ref: RoutineRef) -> set[RoutineRef]:
        """All routines from which a routine's messages can come, however far."""
        found: set[RoutineRef] = set()
        before = [link.source for link in self.inputs_of(ref)]
        while before:
            source = before.pop()
            if source not in found:
                found.add(source)
                before += [link.source for link in self.inputs_of(source)]
        return found

    def pools_behind(self, link: Link) -> dict[int, int]:
        """The pools in which arrays of a link's messages may lie, by number: of its source, and of all before that."""
        refs = {link.source} | self._upstream(link.source)
        return {self.homes[ref].number: self.homes[ref].pool_fd for ref in refs if self._has_pool(ref)}

    def _input_spec(self, slot: int, link: Link) -> InputSpec:
        end = self._end(slot, link, link.source, self.column(link))
        return InputSpec(**structs.asdict(end), max_age_s=link.max_age_s, max_deliveries=link.max_deliveries)

    def _output_spec(self, slot: int, link: Link) -> OutputSpec:
        return OutputSpec(**structs.asdict(self._end(slot, link, link.destination, self.slot(link))))

    def _end(self, slot: int, link: Link, peer: RoutineRef, peer_slot: int) -> LinkSpec:
        home = self.homes[peer]
        return LinkSpec(
            link=str(link),
            slot=slot,
            within_flow=link.within_flow,
            peer=peer.routine,
            peer_slot=peer_slot,
            peer_ledger_fd=home.ledger_fd,
            peer_bell_fd=home.bell_fd,
            depth=link.depth,
            policy=link.policy.value,
            guard_fd=self._guard_fd(link),
            guard_byte=self._guard_byte(link),
            unlinked=self.is_unlinked(link),
        )

    def _guard_fd(self, link: Link) -> int:
        """The segment that has a byte for every link's guard, where this one needs it."""
        return self.guards_fd if link.policy is Policy.DROP_OLDEST and not link.within_flow else -1

    def _guard_byte(self, link: Link) -> int:
        return [each.ends for each in self.links].index(link.ends)

    # -- what of a changed definition the segments cannot take

    def misfits(self, pipeline: Pipeline) -> list[str]:
        """Why a changed definition needs a new run, in words; nothing where the segments of this one can take it."""
        if pipeline.shm_limit != self.pipeline.shm_limit:
            return ["shm_limit is split among the pools when a run begins"]
        if set(needs_of(pipeline)) != set(self.homes):
            return ["routines are given their segments when a run begins"]
        for one in (self._links_without_place, self._rings_too_small, self._ledgers_too_small):
            if found := list(one(pipeline)):
                return found
        return []

    def _links_without_place(self, pipeline: Pipeline) -> Iterator[str]:
        for link in self.added(pipeline):
            for ref in link.ends:
                if self._has_ended(ref):
                    yield f"{link} begins or ends at {ref}, whose stream is over in this run"
            if link.within_flow:
                yield f"{link} lies within a flow, where links begin with a run"
            elif not self._has_pool(link.source):
                yield f"{link} begins at {link.source}, which has no pool in this run: it had no link to another flow"
        changed = self.changed(pipeline)
        for ref, home in self.homes.items():
            outs, ins = len(changed.outputs_of(ref)), len(changed.inputs_of(ref))
            if outs > home.ledger.layout.out_places or ins > home.ledger.layout.in_places:
                yield f"{ref} has had as many links as it has place for in this run"

    def added(self, pipeline: Pipeline) -> list[Link]:
        """The links that a changed definition has and the present one has not, in the order of their places."""
        return [link for link in self.changed(pipeline).links if link in pipeline.links and self.is_unlinked(link)]

    def _has_ended(self, ref: RoutineRef) -> bool:
        return read_status(self.homes[ref].ledger).activity is Activity.ENDED

    def _rings_too_small(self, pipeline: Pipeline) -> Iterator[str]:
        for link in pipeline.links:
            outs = self.homes[link.source].ledger.layout.outs
            if link.within_flow or link.ends not in self._columns:
                continue
            capacity = outs[self.column(link)].capacity
            if link.depth > capacity:
                yield f"the ring of {link} has place for {capacity} messages in this run, and not for {link.depth}"

    def _ledgers_too_small(self, pipeline: Pipeline) -> Iterator[str]:
        for ref, needs in needs_of(pipeline).items():
            layout = self.homes[ref].ledger.layout
            for what, found, needed in (
                ("messages in hand", layout.hands, needs.hands),
                ("slots", layout.rows, needs.rows),
                ("messages that are passed on", layout.foreign_rows, needs.foreign_rows),
            ):
                if needed > found:
                    yield f"the ledger of {ref} has place for {found} {what} in this run, and not for {needed}"


def _by(links: Iterable[Link], end: Callable[[Link], RoutineRef]) -> dict[RoutineRef, tuple[Link, ...]]:
    found: dict[RoutineRef, tuple[Link, ...]] = {}
    for link in links:
        found[end(link)] = (*found.get(end(link), ()), link)
    return found

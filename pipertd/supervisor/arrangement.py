"""What the flows of a run are told of their routines: segments by descriptor, links by their place in them.

An arrangement is a value. It is read off a definition and the segments of a run, so two of them tell which flows a
change of the definition concerns: those that are told something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pipertd.definition.model import Ends, Link, Pipeline
from pipertd.names import Policy, RoutineRef
from pipertd.protocol import InputSpec, OutputSpec, RoutineSpec
from pipertd.shm.ledger import Ledger
from pipertd.supervisor.admission import Needs


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
    """A definition in the segments of a run; ``guards_fd`` is the segment with a byte for every link's guard."""

    pipeline: Pipeline
    needs: Mapping[RoutineRef, Needs]
    homes: Mapping[RoutineRef, Home]
    guards_fd: int

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
    def _columns(self) -> dict[Ends, int]:
        return {link.ends: column for each in self.needs.values() for column, link in enumerate(each.outputs)}

    @cached_property
    def _slots(self) -> dict[Ends, int]:
        return {link.ends: slot for each in self.needs.values() for slot, link in enumerate(each.inputs)}

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
            inputs=[self._input_spec(slot, link) for slot, link in enumerate(needs.inputs)],
            outputs=[self._output_spec(slot, link) for slot, link in enumerate(needs.outputs)],
        )

    def _has_pool(self, ref: RoutineRef) -> bool:
        return self.homes[ref].pool_fd >= 0

    def _upstream(self, ref: RoutineRef) -> set[RoutineRef]:
        """All routines from which a routine's messages can come, however far."""
        found: set[RoutineRef] = set()
        before = [link.source for link in self.needs[ref].inputs]
        while before:
            source = before.pop()
            if source not in found:
                found.add(source)
                before += [link.source for link in self.needs[source].inputs]
        return found

    def _input_spec(self, slot: int, link: Link) -> InputSpec:
        peer = self.homes[link.source]
        return InputSpec(
            link=str(link),
            slot=slot,
            within_flow=link.within_flow,
            peer=link.source.routine,
            peer_slot=self.column(link),
            peer_ledger_fd=peer.ledger_fd,
            peer_bell_fd=peer.bell_fd,
            depth=link.depth,
            policy=link.policy.value,
            guard_fd=self._guard_fd(link),
            guard_byte=self._guard_byte(link),
            max_age_s=link.max_age_s,
            max_deliveries=link.max_deliveries,
        )

    def _output_spec(self, slot: int, link: Link) -> OutputSpec:
        peer = self.homes[link.destination]
        return OutputSpec(
            link=str(link),
            slot=slot,
            within_flow=link.within_flow,
            peer=link.destination.routine,
            peer_slot=self.slot(link),
            peer_ledger_fd=peer.ledger_fd,
            peer_bell_fd=peer.bell_fd,
            depth=link.depth,
            policy=link.policy.value,
            guard_fd=self._guard_fd(link),
            guard_byte=self._guard_byte(link),
        )

    def _guard_fd(self, link: Link) -> int:
        """The segment that has a byte for every link's guard, where this one needs it."""
        return self.guards_fd if link.policy is Policy.DROP_OLDEST and not link.within_flow else -1

    def _guard_byte(self, link: Link) -> int:
        return [each.ends for each in self.pipeline.links].index(link.ends)

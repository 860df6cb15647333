"""The port of a routine that joins its inputs by capture time.

It looks at the next message of every link before it takes one: what is taken is worked on at once, or is without a
match. Only where a link drops its oldest message between the look and the claim, and behind a crash, something in hand
waits for others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from math import inf
from typing import Any

from pipertd.clock import NS, monotonic_s
from pipertd.errors import LoadError
from pipertd.flow.handover import Handover
from pipertd.flow.messages import reader_of, taken_types
from pipertd.flow.poison import PoisonCabinet, is_poison
from pipertd.flow.port import Port
from pipertd.flow.routine import Envelope, Routine
from pipertd.flow.steps import Step
from pipertd.flow.synced import MATCH, Head, decide, is_named, synced_of
from pipertd.flow.transmitted import received_by
from pipertd.protocol import RoutineSpec
from pipertd.shm import layout as at
from pipertd.shm.bell import ring
from pipertd.shm.hand import Taken
from pipertd.shm.ledger import Ledger
from pipertd.shm.slots import Kept


class SyncedPort(Port):
    """As a port, for a routine whose ``main_logic`` takes a message of each input at once.

    What a port says of the message in hand it says of all those that are joined: they have one end, and are
    acknowledged when what was made of them is out.
    """

    def __init__(
        self,
        routine: Routine,
        spec: RoutineSpec,
        ledger: Ledger,
        handovers: Mapping[str, Handover],
        *,
        manual: bool = False,
        writable: bool = False,
        cabinet: PoisonCabinet | None = None,
    ) -> None:
        """Join as the class of ``routine`` says; the rest is as of any port.

        Raises:
            LoadError: an input that it names is not there, or there is one that it does not name.
        """
        super().__init__(spec, ledger, handovers, manual=manual, writable=writable, cabinet=cabinet)
        cls = type(routine)
        synced = synced_of(cls)
        assert synced is not None, "else any port will do"
        sources = {each.link.partition(" -> ")[0]: each for each in self._spec.inputs}
        found = [
            next((each.slot for ref, each in sources.items() if is_named(name, ref)), None) for name in synced.names
        ]
        if None in found or any(each.slot not in found and not each.unlinked for each in sources.values()):
            raise LoadError(
                f"cannot join {', '.join(synced.names)} in {self._spec.name}: its links come from {', '.join(sources)}"
            )
        self._synced, self._slots = synced, tuple(slot for slot in found if slot is not None)
        self._readers = tuple(
            received_by(routine._receive, reader_of(hint))  # noqa: SLF001 - as its flow does
            for hint in taken_types(cls, len(found))
        )
        self._sends_at_once, self._always_has_steps = False, True
        self._held: dict[int, deque[Step]] = {slot: deque() for slot in self._slots}  # in hand, and waits for others
        self._members: list[Step] = []  # what main_logic works on, in the order of the inputs

    def recover_input(self, kept: Iterable[Kept]) -> list[Taken]:
        """As of any port; but what was in hand is looked at with what waits, and not resumed by itself."""
        for taken in super().recover_input(kept):
            self._held[taken.slot].append(self._steps.hold(taken))
        return []

    # -- taking

    def take(self) -> bool:
        """Whether messages that belong together are in hand now; where one is without a match it is ended."""
        place = self._next_move()
        if place is None:
            return False
        if place == MATCH:
            return all(self._held[slot] or self._claim(slot) for slot in self._slots) and self._begin_match()
        slot = self._slots[place]
        if not self._held[slot] and not self._claim(slot):
            return False
        poisoned, unlinked = self._is_poison(self._held[slot][0]), self._is_unlinked(slot)
        slots = self._slots if poisoned and self._has_set_in_hand else (slot,)
        self._work_on([self._held[each].popleft() for each in slots])
        self.poisoned, self.must_not_run = poisoned and not unlinked, poisoned or unlinked
        if self.must_not_run:
            return True
        self.end(at.N_STALE if self._is_stale(self._taken_at_ns, slot) else at.N_UNMATCHED)
        return False

    def _begin_match(self) -> bool:
        """Work on what is in hand of every input; False where that is not what was looked at, or poison is in it."""
        if any(map(self._ends_alone, self._slots)) or not self._has_set_in_hand:
            return False
        self._work_on([self._held[slot].popleft() for slot in self._slots])
        return True

    def _claim(self, slot: int) -> bool:
        """Whether the next message of a link is in hand."""
        if self._has_hands_full:
            return False
        found = self._intake.take_from(slot)
        self._steps.count_gaps()
        if found is not None:
            self._held[slot].append(self._steps.hold(*found))
        return found is not None

    def _work_on(self, members: list[Step]) -> None:
        leader = max(members, key=self.open_steps.index)  # whose output all wait for, so it is the last to end
        assert leader.taken is not None, "who waits in hand is a message"
        self._members, self._steps.current, self._taken = members, leader, leader.taken
        self._taken_at_ns = min(each.taken.captured_ns for each in members if each.taken is not None)
        self._consumer.work_on_again(leader.taken)

    def _next_move(self) -> int | None:
        """What :func:`decide` says, and first of all whom it need not be asked about."""
        for place, slot in enumerate(self._slots):
            if not self._has_hands_full and self._intake.has_gap(slot):
                self._claim(slot)  # counts it, and takes no message
            if self._ends_alone(slot):
                return place
        if self._has_hands_full and not all(self._held.values()):
            return None if self._steps.unpublished or self._manual else self._oldest_held()
        return decide([self._head(slot) for slot in self._slots], self._synced.within_s)

    def _ends_alone(self, slot: int) -> bool:
        held = self._held[slot]
        if held and (self._is_poison(held[0]) or self._is_unlinked(slot)):
            return True
        captured_ns = self._captured_ns(slot)
        return captured_ns is not None and not self._has_hands_full and self._is_stale(captured_ns, slot)

    @property
    def _has_set_in_hand(self) -> bool:
        """Whether what is in hand belongs together: then it was worked on together."""
        if not all(self._held.values()):
            return False
        return decide([self._head(slot) for slot in self._slots], self._synced.within_s) == MATCH

    def _is_poison(self, step: Step) -> bool:
        return step.taken is not None and is_poison(self._spec, step.taken)

    def _is_unlinked(self, slot: int) -> bool:
        return self._spec.inputs[slot].unlinked

    def _is_stale(self, captured_ns: int, slot: int) -> bool:
        return monotonic_s() * NS - captured_ns > self._intake.ages.get(slot, inf)

    def _oldest_held(self) -> int | None:
        """Where nothing more can be taken, what is in hand cannot wait for others any longer."""
        held = [place for place, slot in enumerate(self._slots) if self._held[slot]]
        return min(held, key=lambda place: self._captured_ns(self._slots[place]) or 0) if held else None

    def _captured_ns(self, slot: int) -> int | None:
        held = self._held[slot]
        if held and held[0].taken is not None:
            return held[0].taken.captured_ns
        return None if self._is_unlinked(slot) else self._intake.next_captured_ns(slot)

    def _head(self, slot: int) -> Head:
        if self._is_unlinked(slot):
            return Head(self._captured_ns(slot), over=True)
        over = self._intake.is_over(slot)  # first: what is given before it is over is seen below
        captured_ns = self._captured_ns(slot)
        return Head(captured_ns, not self._held[slot] and self._intake.holds_up(slot), over)

    def has_input(self) -> bool:
        """Whether something can be taken now, or the end was said."""
        return self.at_end or self._next_move() is not None

    @property
    def at_end(self) -> bool:
        """Whether every input was closed, and has nothing left there or in hand."""
        return not any(self._held.values()) and self._intake.at_end

    # -- what is in hand

    @property
    def captured_ns(self) -> int:
        """When the first of them was captured, on the monotonic clock."""
        return self._taken_at_ns

    def read(self) -> Any:
        """Their contents, in the order of the inputs; MessageError where one is not what the routine takes."""
        return tuple(self._content(step, reader) for step, reader in zip(self._members, self._readers, strict=True))

    def _content(self, step: Step, reader: Callable[[Any], Any] | None) -> Any:
        assert step.taken is not None, "a member is a message"
        message = self._content_of(step.taken, step.offer)
        return message if reader is None else reader(message)

    def envelope(self) -> Envelope | None:
        """That of the first input's message; it has those of all by name."""
        if self._envelope is None and self._members:
            acknowledge = partial(self._acknowledge_all, self._members) if self._manual else None
            found = [self._intake.envelope(each.taken, each.offer, acknowledge) for each in self._members if each.taken]
            joined = dict(zip(self._synced.names, found, strict=False)) if len(found) > 1 else {}
            self._envelope = Envelope(**{**vars(found[0]), "joined": joined})
        return self._envelope

    def _acknowledge_all(self, members: Iterable[Step]) -> None:
        for each in members:
            each.acknowledged = True
        ring(self._spec.bell_fd)

    def put_aside(self) -> str:
        """Put all of them aside, for nobody can tell which of them killed; returns in words what became of them."""
        assert self._cabinet is not None, "a routine in a flow has a cabinet"
        told = []
        deaths = max(each.taken.deaths for each in self._members if each.taken is not None)
        for each in self._members:
            taken, offer = each.taken, each.offer
            assert taken is not None, "a member is a message"
            taken.deaths = deaths
            envelope = self._intake.envelope(taken, offer, None)
            message = offer.message if offer else self._consumer.read(taken, writable=True)
            told.append(self._cabinet.put_aside(self._spec, taken, envelope.origin, envelope.capture_time_s, message))
        return "; ".join(told)

    def may_try_again(self) -> bool:
        """Whether each of them has attempts left; then they are counted as tried once more."""
        taken = [each.taken for each in self._members if each.taken is not None]
        if any(each.attempt >= self._spec.inputs[each.slot].max_deliveries for each in taken):
            return False
        for each in taken:
            self._consumer.try_again(each)
        self._envelope = None
        return True

    def end(self, ending: int) -> None:
        """``main_logic`` is done with them: all are counted so when what was made of them is out."""
        leader, members, self._members = self._steps.current, self._members, []
        for step in members:
            if step is not leader:
                step.ending, step.leader = ending, leader
                step.acknowledged = step.acknowledged or not self._manual or ending != at.N_DELIVERED
        super().end(ending)

    @property
    def all_out(self) -> bool:
        """Whether no output waits, and what is in hand waits for others, or for its author to acknowledge."""
        waiting = {id(step) for held in self._held.values() for step in held}
        return not self._steps.unpublished and (self._manual or all(id(step) in waiting for step in self.open_steps))

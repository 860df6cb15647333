"""Where a routine's messages come from: its links from other flows and those from within the flow, in turn."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf

from pipertd.clock import NS
from pipertd.flow.ends import writer_of
from pipertd.flow.handover import Gap, Handover, Offer
from pipertd.flow.routine import Envelope, Hop
from pipertd.names import Policy
from pipertd.protocol import InputSpec, RoutineSpec
from pipertd.shm import layout as at
from pipertd.shm.consumer import Consumer
from pipertd.shm.hand import Taken
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import ReadPools
from pipertd.shm.slots import Message
from pipertd.shm.status import Activity
from pipertd.shm.trail import Trail, context_of


class Intake:
    """All in-links of one routine.

    Attributes:
        offer: where the message that was taken last came from within the flow; None where it came from another one.
        ages: by in-link, how old a message may be, in nanoseconds; only those that have a limit.
        gaps: by in-link, what links within the flow dropped before that message; for the caller to clear.
    """

    def __init__(
        self,
        spec: RoutineSpec,
        ledger: Ledger,
        handovers: Mapping[str, Handover],
    ) -> None:
        """``handovers`` has the links within the flow by name."""
        self._spec = spec
        self._given = deque((each.slot, handovers[each.link]) for each in _within_flow(spec))
        self._handovers = dict(self._given)
        self.ages = {each.slot: each.max_age_s * NS for each in spec.inputs if each.max_age_s is not None}
        self._writers = [writer_of(each) for each in spec.inputs]
        pools = ReadPools(spec.read_pools)
        self.consumer = Consumer(ledger, self._writers, pools, spec.bell_fd, spec.number, spec.hands)
        self._by_reference_next = False
        # Has the next message in hand and returns it; None where nothing waits.
        self.take: Callable[[], Taken | None] = self._take_in_turn if self._given else self.consumer.take
        self.offer: Offer | None = None
        self.gaps: list[tuple[int, Gap]] = []

    def recover(self, passed_on: Iterable[Message]) -> list[Taken]:
        """Put right what the last generation left; the messages that were in its hands."""
        again = self.consumer.recover(passed_on)
        for slot, _ in self._given:
            self._count_what_was_dropped(slot)
        for each in self._spec.inputs:
            if each.within_flow and each.unlinked:
                self._count_what_was_unlinked(each.slot)
        return again

    def _count_what_was_dropped(self, slot: int) -> None:
        """What the producer in the flow is done with and this routine has not acknowledged, their link had dropped.

        On a link that waits there is no such message, unless it did not wait until its policy was changed.
        """
        last = self._writers[slot].ledger.commit_word(at.C_PUBLISHED) - 1
        self.consumer.count_dropped(slot, last, last + 1, Policy(self._spec.inputs[slot].policy))

    def _count_what_was_unlinked(self, slot: int) -> None:
        """What was given by a link within the flow that was removed, and did not come to its end, comes no more."""
        writer = self._writers[slot]
        head = writer.ledger.words[writer.ledger.layout.outs[writer.column].base + at.O_HEAD]
        self.consumer.count_unlinked(slot, head - 1)

    # -- taking

    def _take_in_turn(self) -> Taken | None:
        """A message from another process and one from within the flow, where there are both."""
        self._by_reference_next = not self._by_reference_next
        if self._by_reference_next:
            return self._take_by_reference() or self._take_from_ring()
        return self._take_from_ring() or self._take_by_reference()

    def _take_from_ring(self) -> Taken | None:
        self.offer = None
        return self.consumer.take()

    def _take_by_reference(self) -> Taken | None:
        for _ in range(len(self._given)):
            self._given.rotate(-1)
            found = self._take_offer(*self._given[0])
            if found is not None:
                taken, self.offer = found
                return taken
        return None

    def _take_offer(self, slot: int, handover: Handover) -> tuple[Taken, Offer] | None:
        while (offer := handover.take()) is not None:
            if isinstance(offer, Gap):
                self.gaps.append((slot, offer))
                continue
            taken = self.consumer.take_by_reference(slot, offer.sequence, offer.captured_ns)
            if taken is not None:
                return taken, offer
            handover.finish(offer)  # it was acknowledged before the crash
        return None

    # -- taking from one link, for who joins several

    def take_from(self, slot: int) -> tuple[Taken, Offer | None] | None:
        """Have the next message of this in-link in hand; None where nothing waits."""
        handover = self._handovers.get(slot)
        if handover is None:
            taken = self.consumer.take_from(slot)
            return None if taken is None else (taken, None)
        return self._take_offer(slot, handover)

    def next_captured_ns(self, slot: int) -> int | None:
        """When the next message of this in-link was captured; None where nothing waits."""
        handover = self._handovers.get(slot)
        return self.consumer.next_captured_ns(slot) if handover is None else handover.next_captured_ns

    def holds_up(self, slot: int) -> bool:
        """Whether this in-link makes its producer wait, or will with the next message.

        One that is but one message deep does so only when its producer wants to publish the next one already.
        """
        link, handover = self._spec.inputs[slot], self._handovers.get(slot)
        if link.policy != Policy.WAIT:
            return False
        full = self.consumer.waiting(slot) >= link.depth if handover is None else handover.must_wait
        return full and (link.depth > 1 or self._activity(slot) is Activity.BLOCKED)

    def has_gap(self, slot: int) -> bool:
        """Whether something waits on this in-link that is to be counted, and no message."""
        handover = self._handovers.get(slot)
        return handover is not None and handover.has_message and handover.next_captured_ns is None

    def is_over(self, slot: int) -> bool:
        """Whether nothing comes by this in-link at present: it was closed, or the routine at its other end is over."""
        handover = self._handovers.get(slot)
        if handover.closed if handover is not None else self.consumer.is_closed(slot):
            return True
        return self._activity(slot).over

    def _activity(self, slot: int) -> Activity:
        """What the routine at the other end of this in-link does."""
        ledger = self._writers[slot].ledger
        return Activity(ledger.words[ledger.layout.status + at.S_ACTIVITY])

    def finish(self, slot: int, offer: Offer) -> None:
        """Give the token of a message from within the flow back."""
        self._handovers[slot].finish(offer)

    def is_stale(self, taken: Taken) -> bool:
        """Whether a message is too old for its link."""
        return time.monotonic_ns() - taken.captured_ns > self.ages.get(taken.slot, inf)

    @property
    def has_message(self) -> bool:
        """Whether a message waits on any link."""
        return self.consumer.has_message or any(handover.has_message for handover in self._handovers.values())

    @property
    def at_end(self) -> bool:
        """Whether every link was closed and has nothing left; never for a source."""
        links = self._handovers.values()
        return bool(self._spec.inputs) and self.consumer.at_end and all(handover.at_end for handover in links)

    # -- what is known of a message besides its content

    def trail(self, taken: Taken, offer: Offer | None) -> Trail:
        """Where a message in hand has been."""
        return self.consumer.trail(taken) if offer is None else offer.trail

    def envelope(self, taken: Taken, offer: Offer | None, acknowledge: Callable[[], None] | None) -> Envelope:
        """What is known of a message in hand besides its content; ``acknowledge`` is for one that is so by hand."""
        word, trail = self.consumer.envelope_word, self.trail(taken, offer)
        return Envelope(
            link=self._spec.inputs[taken.slot].link,
            sequence=taken.sequence,
            origin=taken.sequence if offer else word(taken, at.E_ORIGIN),
            attempt=taken.attempt,
            capture_time_s=taken.captured_ns / NS,
            publish_time_s=(offer.published_ns if offer else word(taken, at.E_PUBLISHED_NS)) / NS,
            hops=tuple(self._hops(trail)),
            hop_count=trail.hop_count,
            trace_context=context_of(trail),
            _acknowledge=acknowledge,
        )

    def _hops(self, trail: Trail) -> Iterator[Hop]:
        names, words = self._spec.upstream, iter(trail.hops)
        for number, began_ns, published_ns in zip(words, words, words, strict=True):
            yield Hop(names[number], began_ns / NS, published_ns / NS)


def _within_flow(spec: RoutineSpec) -> list[InputSpec]:
    """The in-links by which messages come from within the flow."""
    return [each for each in spec.inputs if each.within_flow and not each.unlinked]

"""A routine's links, all of them: those through shared memory and those within the flow, behind one face.

Nothing here waits: what cannot be done now says so, and the routine's loop decides what to do meanwhile.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipertd.clock import NS
from pipertd.errors import MessageError
from pipertd.flow.handover import Handover, Offer, freeze
from pipertd.flow.routine import Envelope
from pipertd.names import Policy
from pipertd.protocol import InputSpec, OutputSpec, RoutineSpec
from pipertd.shm import codec
from pipertd.shm import layout as at
from pipertd.shm.bell import TICK_S, Bell
from pipertd.shm.consumer import Consumer, Writer
from pipertd.shm.guard import Guard
from pipertd.shm.hand import Taken
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import Pool, map_pool
from pipertd.shm.producer import Producer, Reader

_COLLECT_EVERY_NS = NS


@dataclass(frozen=True)
class Outgoing:
    """A message that a routine returned, taken apart and ready to go."""

    message: Any
    encoded: codec.Encoded
    captured_ns: int


class Port:
    """What goes into and out of one routine."""

    def __init__(self, spec: RoutineSpec, ledger: Ledger, handovers: Mapping[str, Handover]) -> None:
        """Attach to the segments of ``spec``; ``handovers`` has the links within the flow by name."""
        self._spec = spec
        self._ledger = ledger
        self._bell = Bell(spec.bell_fd)
        self._given = {each.slot: handovers[each.link] for each in spec.inputs if each.within_flow}
        self._offered = {each.slot: handovers[each.link] for each in spec.outputs if each.within_flow}
        self._taken_slots = [each.slot for each in spec.inputs if not each.within_flow]
        self._publishes = any(not each.within_flow for each in spec.outputs)
        self._consumer = Consumer(ledger, [_writer(each) for each in spec.inputs], spec.bell_fd)
        self._producer = Producer(
            ledger,
            Pool(spec.pool_fd, ledger) if spec.pool_fd >= 0 else None,
            [None if each.within_flow else _reader(each) for each in spec.outputs],
        )
        self._collected_ns = 0

    # -- taking

    def recover(self) -> bool:
        """Put right what the last generation left; whether its message is in hand and must be handled again."""
        within_flow = [each.within_flow for each in self._spec.inputs]
        self._producer.recover()
        return self._consumer.recover(within_flow=within_flow)

    def take(self) -> Taken | None:
        """The next message, now in hand; None where nothing waits, or what waited had become too old for its link."""
        taken = self._take()
        if taken is None:
            return None
        max_age_s = self._spec.inputs[taken.slot].max_age_s
        if max_age_s is not None and self.age_ns() > max_age_s * NS:
            self._settle(at.N_STALE)
            return None
        return taken

    def _take(self) -> Taken | None:
        for slot, handover in self._given.items():
            offer = handover.offer
            if offer is None:
                continue
            if self._consumer.already_published(slot, offer.sequence):
                handover.finish()  # its output was out before the crash
                continue
            return self._consumer.claim_handed_over(
                slot, offer.sequence, offer.sequence, offer.captured_ns, offer.published_ns
            )
        return self._consumer.take(self._taken_slots)

    def read(self) -> Any:
        """The content of the message in hand."""
        hand = self._in_hand()
        if hand.slot in self._given:
            offer = self._given[hand.slot].offer
            assert offer is not None, "an offer stays until it is finished"
            return offer.message
        return self._consumer.read()

    def envelope(self) -> Envelope:
        """What is known of the message in hand."""
        hand = self._in_hand()
        return Envelope(
            link=self._spec.inputs[hand.slot].link,
            sequence=hand.sequence,
            origin=hand.origin,
            attempt=hand.attempt,
            capture_time_s=hand.captured_ns / NS,
            publish_time_s=hand.published_ns / NS,
        )

    def age_ns(self) -> int:
        """How long ago the message in hand was captured."""
        return time.monotonic_ns() - self._in_hand().captured_ns

    def may_try_again(self) -> bool:
        """Whether the message in hand has attempts left; then it is counted as tried once more."""
        hand = self._in_hand()
        if hand.attempt >= self._spec.inputs[hand.slot].max_deliveries:
            return False
        self._consumer.try_again()
        return True

    def acknowledge(self, *, failed: bool) -> None:
        """The message in hand, and all that was made from it, is done."""
        self._settle(at.N_FAILED if failed else at.N_DELIVERED)

    def _settle(self, count: int) -> None:
        hand = self._in_hand()
        if hand.slot in self._given:
            self._consumer.settle_handed_over(count)
            self._given[hand.slot].finish()
        else:
            self._consumer.settle(count)
        self._consumer.flush()

    @property
    def at_end(self) -> bool:
        """Whether every input was closed and has nothing left; never for a source."""
        return bool(self._spec.inputs) and self._consumer.at_end([each.slot for each in self._spec.inputs])

    def _in_hand(self) -> Taken:
        assert self._consumer.hand is not None, "no message is in hand"
        return self._consumer.hand

    # -- giving

    @property
    def published(self) -> int:
        """How many messages were published in this run."""
        return self._producer.published

    @property
    def position(self) -> int:
        """The author's 64 bits as committed last."""
        return self._producer.position

    @property
    def closed(self) -> bool:
        """Whether an earlier generation said the end of the stream already."""
        return self._producer.closed

    def prepare(self, message: Any) -> Outgoing:
        """Make a message ready to go.

        Raises:
            MessageError: it holds something that cannot travel.
        """
        try:
            freeze(message)
        except RecursionError:
            raise MessageError("cannot send this message: it is nested too deeply, or holds itself") from None
        hand = self._consumer.hand
        return Outgoing(
            message=message,
            encoded=codec.encode(message) if self._publishes else codec.Encoded(b"", 0, ()),
            captured_ns=hand.captured_ns if hand else time.monotonic_ns(),
        )

    def hand_over(self, outgoing: Outgoing) -> None:
        """Offer the message on the links within the flow."""
        sequence = self.published
        for column, handover in self._offered.items():
            self._producer.count_handed_over(column, sequence)
            handover.give(Offer(sequence, outgoing.message, outgoing.captured_ns, time.monotonic_ns()))

    def handed_over(self) -> bool:
        """Whether every consumer in the flow is done with it."""
        return all(handover.offer is None for handover in self._offered.values())

    def publish(self, outgoing: Outgoing, position: int) -> bool:
        """Publish on the links to other flows and commit; False where there is no room now."""
        hand = self._consumer.hand
        return self._producer.publish(
            outgoing.encoded,
            position=position,
            input_link=hand.slot if hand else -1,
            input_sequence=hand.sequence if hand else 0,
            captured_ns=outgoing.captured_ns,
        )

    def room_news(self) -> Callable[[], bool]:
        """What to look for before sleeping, after ``publish`` found no room.

        A full link may have room again at any moment. Where it was a slot that was missing, the bell says so: readers
        ring it with every return.
        """
        if self._producer.must_wait():
            return lambda: not self._producer.must_wait()
        return lambda: False

    def close(self) -> None:
        """Say the end of the stream on every output."""
        self._producer.close()
        for handover in self._offered.values():
            handover.ring_consumer()

    # -- waiting

    def sleep_unless(self, news: Callable[[], bool], timeout_s: float = TICK_S) -> None:
        """Sleep until the bell rings, at most a tick; not at all if there is news.

        Leases that only cyclic garbage holds would keep the producer waiting for as long as this routine idles, so
        the garbage is collected first, at most once a second.
        """
        now_ns = time.monotonic_ns()
        if self._consumer.has_leases and now_ns - self._collected_ns > _COLLECT_EVERY_NS:
            self._collected_ns = now_ns
            gc.collect()
        self._consumer.flush()
        self._consumer.sleep_unless(news, self._bell, timeout_s)

    def has_input(self) -> bool:
        """Whether something waits to be taken, or the end was said."""
        if any(handover.offer is not None for handover in self._given.values()):
            return True
        return self._consumer.waiting(self._taken_slots) or self.at_end


def _reader(each: OutputSpec) -> Reader:
    ledger = Ledger(each.peer_ledger_fd, writable=False)
    return Reader(ledger, each.peer_slot, each.peer_bell_fd, Policy(each.policy), _guard(each))


def _guard(each: InputSpec | OutputSpec) -> Guard | None:
    return Guard(each.guard_fd, each.guard_byte) if each.guard_fd >= 0 else None


def _writer(each: InputSpec) -> Writer:
    return Writer(
        ledger=Ledger(each.peer_ledger_fd, writable=False),
        pool=map_pool(each.peer_pool_fd) if each.peer_pool_fd >= 0 else None,
        column=each.peer_slot,
        bell_fd=each.peer_bell_fd,
        guard=_guard(each),
    )

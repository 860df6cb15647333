"""The taking side of a routine's links.

Take: the entry is copied into the window, its number last, then ``taken`` = p + 1: the message is claimed. On a link
that drops its oldest message p is behind what was evicted, and all of it is done under the link's guard. Acknowledge:
the other count copy {acknowledged, delivered + 1}, then **k**. Return, when it is acknowledged and its last view is
gone: the sequence into the return ring, then ``rhead`` + 1; the routine's own thread does it, never ``__del__``. Before
the acknowledgement a slot is not returned even if no view is left: a successor would read it again.

A hand that names a sequence at or above ``taken`` was never claimed and is void. A claimed one is given again from the
window by the successor, with one attempt more, unless the commit record says that its output is out already: then it
is acknowledged without running again. Slots that the predecessor's leases held are returned by the successor: all that
the producer's hold table has below ``taken``, except those in hand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np

from pipertd.names import Policy
from pipertd.shm import bell
from pipertd.shm import layout as at
from pipertd.shm.codec import Decoder
from pipertd.shm.hand import Cause, Hands, Taken
from pipertd.shm.inlink import InLink, Writer
from pipertd.shm.lease import Lease
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import ByteArray, ReadPools
from pipertd.shm.slots import Message
from pipertd.shm.trail import Trail, read_trail

# A link within the flow that waits now may have dropped before its policy was changed: most likely its oldest.
_DROPPED_BY = {Policy.WAIT: at.N_OLDEST, Policy.DROP_OLDEST: at.N_OLDEST, Policy.DROP_NEWEST: at.N_NEWEST}


class Consumer:
    """Takes the messages of one routine. Not thread-safe, but for the end of leases, which may come from anywhere."""

    def __init__(
        self,
        ledger: Ledger,
        writers: Sequence[Writer],
        pools: ReadPools,
        own_bell_fd: int,
        number: int = 0,
        hands: int | None = None,
    ) -> None:
        """Attach to the in-links of ``ledger``.

        ``number`` is the routine's in the pipeline, ``hands`` how many messages it may have in hand at once.
        """
        self._ledger = ledger
        self._links = [InLink(ledger, slot, writer) for slot, writer in enumerate(writers)]
        # those that are taken from, whose turn it is next first
        self._rings = deque(link for link in self._links if not link.within_flow and not link.unlinked)
        self._turns = range(len(self._rings))
        self._pools = pools
        self._own_bell_fd, self._number = own_bell_fd, number
        self._words, self._bytes = ledger.words, ledger.bytes
        self._let_go: deque[Message] = deque()  # ends of leases, from any thread
        self._uses: dict[Message, int] = {}  # who keeps a message's slots: the hand, leases, those it was passed on to
        self._to_return: deque[Message] = deque()
        self._hands = Hands(ledger, hands)
        self._decoder = Decoder()
        self.in_hand: deque[Taken] = deque()  # claimed and not acknowledged, the oldest first

    def recover(self, passed_on: Iterable[Message] = ()) -> list[Taken]:
        """Put right what the predecessor left; returns what has to be handled again, the oldest first.

        Args:
            passed_on: the messages whose slots others still read through this routine.
        """
        self.put_right(passed_on)
        for taken in self.in_hand:
            self._hands.try_again(taken)
        return list(self.in_hand)

    def put_right(self, passed_on: Iterable[Message] = ()) -> None:
        """As :meth:`recover`, but what has to be handled again stays in hand, tried as often as before."""
        for message in passed_on:
            self.keep(message)
        handled = self._ledger.commit_word(at.C_HANDLED)
        for taken in self._hands.left():
            self._hold(taken)
            if taken.number < handled:
                self.acknowledge(at.N_DELIVERED)
        self._hands.forget_void()
        self._acknowledge_what_is_out()
        kept = {(taken.slot, taken.sequence) for taken in self.in_hand} | self._uses.keys()
        for link in self._links:
            if link.within_flow:
                continue
            ended = sorted(sequence for sequence in link.held() if sequence < link.taken)
            self._to_return.extend((link.slot, each) for each in ended if (link.slot, each) not in kept)
        self.flush()
        for link in self._links:
            link.ring()

    def _acknowledge_what_is_out(self) -> None:
        """A message from within the flow whose output is out comes again, but must not run again."""
        slot, sequence = self._ledger.commit_word(at.C_IN_LINK) - 1, self._ledger.commit_word(at.C_IN_SEQUENCE)
        if slot >= 0 and sequence >= self._hands.ended(slot):
            self._hands.acknowledge(Taken(slot, sequence), at.N_DELIVERED)

    # -- taking

    @property
    def full(self) -> bool:
        """Whether as much is in hand as may be."""
        return self._hands.full

    def take(self) -> Taken | None:
        """Claim the next message of the links from other processes, in turn; None where nothing waits."""
        rings = self._rings
        for _ in self._turns:
            taken = rings[0].claim(self._hands)
            rings.rotate(-1)
            if taken is not None:
                self.in_hand.append(taken)  # as _hold does, without a call for each message
                if taken.keeps:
                    self.keep((taken.slot, taken.sequence))
                return taken
        return None

    def take_from(self, slot: int) -> Taken | None:
        """Claim the next message of one link from another process; None where nothing waits."""
        taken = self._links[slot].claim(self._hands)
        if taken is not None:
            self._hold(taken)
        return taken

    def next_captured_ns(self, slot: int) -> int | None:
        """When the next message of a link from another process was captured; None where nothing waits."""
        return self._links[slot].next_captured_ns

    def is_closed(self, slot: int) -> bool:
        """Whether the end was said on a link from another process."""
        return self._links[slot].closed

    def waiting(self, slot: int) -> int:
        """How many messages wait on a link from another process."""
        return self._links[slot].waiting

    def take_by_reference(self, slot: int, sequence: int, captured_ns: int) -> Taken | None:
        """Claim a message from within the flow; None where it was acknowledged before a crash."""
        if sequence < self._hands.ended(slot):
            return None
        taken = self._hands.claim_by_reference(slot, sequence, captured_ns)
        self.in_hand.append(taken)
        return taken

    def count_dropped(self, slot: int, last: int, count: int, policy: Policy) -> None:
        """Count what a link within the flow dropped; what was counted before a crash counts once."""
        count = min(count, last + 1 - self._hands.ended(slot))
        if count > 0:
            self._hands.count_dropped(slot, last, count, _DROPPED_BY[policy])

    def count_unlinked(self, slot: int, last: int) -> None:
        """Count what a removed link within the flow had given, up to ``last``, and nobody was done with."""
        count = last + 1 - self._hands.ended(slot)
        if count > 0:
            self._hands.count_dropped(slot, last, count, at.N_UNLINKED)

    def _hold(self, taken: Taken) -> None:
        self.in_hand.append(taken)
        if taken.keeps:
            self.keep((taken.slot, taken.sequence))

    def keep(self, message: Message) -> None:
        """Keep a message's slots, for a hand, a lease, or somebody to whom it is passed on."""
        self._uses[message] = self._uses.get(message, 0) + 1

    def let_go(self, message: Message) -> None:
        """The opposite of :meth:`keep`: who kept it last returns it."""
        self._uses[message] -= 1
        if not self._uses[message]:
            del self._uses[message]
            self._to_return.append(message)

    def let_go_soon(self, message: Message) -> None:
        """As :meth:`let_go`, from any thread and inside ``__del__``: the routine's own thread does it."""
        self._let_go.append(message)
        bell.ring(self._own_bell_fd)

    def may_pass_on(self, lease: Lease) -> bool:
        """Whether a lease is this routine's own."""
        return lease.owner is self

    @property
    def has_message(self) -> bool:
        """Whether a message from another process waits."""
        return any(link.has_message for link in self._rings)

    @property
    def at_end(self) -> bool:
        """Whether every link from another process was closed and has nothing left."""
        return all(link.at_end for link in self._rings)

    def read(self, taken: Taken, *, writable: bool = False) -> Any:
        """The content of a message in hand; its arrays are leases on their slots, or copies if small or writable."""
        words, entry = self._words, taken.entry
        length, body, start = (
            words[entry + at.E_LENGTH],
            words[entry + at.E_BODY_OFFSET],
            (entry + at.E_INLINE) * at.WORD,
        )
        if not body and not taken.keeps:
            return self._decoder.decode_plain(self._bytes[start : start + length])
        if writable:
            return self._copy(taken, length, body)
        payload: ByteArray | bytes
        if words[entry + at.E_ROW] == at.INLINE_ROW:
            payload = self._bytes[start : start + length].tobytes()
        else:
            payload = self._lease(taken, words[entry + at.E_POOL], words[entry + at.E_OFFSET], length, length)
        return self._decoder.decode(payload, body, partial(self._lease, taken))

    def _copy(self, taken: Taken, length: int, body: int) -> Any:
        """The content of a message in memory of its own."""

        def copied(pool: int, offset: int, length: int, _: int) -> ByteArray:
            return np.array(self._pools[pool].array[offset : offset + length])

        words, entry = self._ledger.words, taken.entry
        if words[entry + at.E_ROW] == at.INLINE_ROW:
            start = (entry + at.E_INLINE) * at.WORD
            payload = np.frombuffer(bytearray(self._ledger.bytes[start : start + length]), np.uint8)
        else:
            payload = copied(words[entry + at.E_POOL], words[entry + at.E_OFFSET], length, 0)
        return self._decoder.decode(payload, body, copied)

    def _lease(self, taken: Taken, pool: int, offset: int, length: int, slot_bytes: int) -> ByteArray:
        """Memory of a message's slots, for as long as Python holds any view of it."""
        message = (taken.slot, taken.sequence)
        self.keep(message)
        return Lease(
            self._pools[pool],
            pool=pool,
            offset=offset,
            length=length,
            slot_bytes=slot_bytes,
            owner=self,
            routine=self._number,
            key=message,
            let_go=partial(self.let_go_soon, message),
        ).array()

    def trail(self, taken: Taken) -> Trail:
        """Where a message in hand that came from another process has been."""
        return read_trail(self._words, taken.entry)

    def envelope_word(self, taken: Taken, field: int) -> int:
        """A word of the entry of a message in hand that came from another process."""
        return int(self._words[taken.entry + field])

    # -- acknowledging

    def cause(self, taken: Taken | None) -> Cause:
        """What an output is committed with that was made from this message, and acknowledges all before it."""
        if taken is None:
            return Cause(self._hands.acknowledged)
        if taken.number >= 0:
            return Cause(taken.number + 1)
        return Cause(self._hands.acknowledged, taken.slot, taken.sequence)

    def acknowledge(self, ending: int = at.N_DELIVERED) -> None:
        """Acknowledge the oldest message in hand: counted as delivered, failed or stale, and never given again."""
        taken = self.in_hand.popleft()
        self._hands.acknowledge(taken, ending)
        if taken.keeps:
            self.let_go((taken.slot, taken.sequence))

    def work_on_again(self, taken: Taken) -> None:
        """Note that ``main_logic`` is called next with a message that a predecessor had in hand."""
        self._hands.work_on(taken)

    def try_again(self, taken: Taken) -> None:
        """Count another attempt of a message in hand."""
        self._hands.try_again(taken)

    # -- giving slots back

    def flush(self) -> None:
        """Return the slots whose last view is gone. Never blocks: what does not fit waits for the next time."""
        while self._let_go:
            self.let_go(self._let_go.popleft())
        if self._to_return:
            self._return()

    @property
    def owes(self) -> bool:
        """Whether a slot is still to be returned: its last view ended just now, or its ring of returns had no room."""
        return bool(self._to_return or self._let_go)

    def _return(self) -> None:
        given = set()
        while self._to_return:
            slot, sequence = self._to_return[0]
            if not self._links[slot].give_back(sequence):
                break
            self._to_return.popleft()
            given.add(slot)
        for slot in given:
            self._links[slot].wake()

    def is_unlinked(self, taken: Taken) -> bool:
        """Whether the link of a message that a predecessor had in hand was removed meanwhile."""
        return self._links[taken.slot].unlinked

    @property
    def has_leases(self) -> bool:
        """Whether a slot is still kept by views of it."""
        return len(self._uses) > sum(taken.keeps > 0 for taken in self.in_hand)

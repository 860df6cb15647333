"""One out-link as its producer sees it: the own words of the link to write, the consumer's to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipertd.names import Policy
from pipertd.shm import layout as at
from pipertd.shm.guard import Guard
from pipertd.shm.ledger import Ledger
from pipertd.shm.sleeping import Waker
from pipertd.shm.slots import Slots

GUARD_PATIENCE_S = 0.05  # a consumer that is stopped with the guard in hand costs this long, then its messages


@dataclass(frozen=True)
class Reader:
    """The other end of an out-link: its ledger (read-only), the slot of the link there, and its bell.

    ``depth`` is how many messages may wait there, at most as many as the ring has entries; where more do, since the
    link was deeper once, they stay. ``guard`` is there where the link drops its oldest message. ``unlinked`` says that
    the link was removed: nothing more is published on it, and nothing is taken.
    """

    ledger: Ledger
    in_slot: int
    bell_fd: int
    depth: int
    policy: Policy = Policy.WAIT
    guard: Guard | None = None
    unlinked: bool = False


class OutLink:
    """A link whose consumer is another process.

    What only this process writes is kept here too, so that the way of a message reads as few words as it can.
    """

    def __init__(self, ledger: Ledger, column: int, reader: Reader) -> None:
        self.column = column
        self.policy = reader.policy
        self.unlinked = reader.unlinked
        self._own = ledger.words
        self._bytes = ledger.bytes
        self._base = ledger.layout.outs[column].base
        self._depth = reader.depth
        self._capacity = ledger.layout.outs[column].capacity
        assert self._depth <= self._capacity, "no more may wait than the ring has entries"
        self._reader = reader
        self._theirs = reader.ledger.words
        self._in = reader.ledger.layout.ins[reader.in_slot]
        self._taken = self._in.base + at.I_TAKEN
        self._returned = self._in.base + at.I_RETURN_HEAD
        self._asleep = reader.ledger.layout.status + at.S_ASLEEP
        self._waker = Waker(reader.ledger, reader.bell_fd)
        self._head_word, self._ring = self._base + at.O_HEAD, self._base + at.O_RING
        self._head = int(self._own[self._head_word])
        self._tail = int(self._own[self._base + at.O_RETURN_TAIL])
        self._evicted = int(self._own[self._base + at.O_EVICTED])
        self._room_until = 0
        self._wanted = 0

    def recover(self, published: int, slots: Slots) -> None:
        """Put right what the predecessor left: a message committed and not shown, a drop not counted."""
        self.finish_leaving_out(published)
        self._forget_leaving_out(published)
        self._finish_evicting()
        self._show_or_void(published)
        slots.recover(self.column, self._head, self._evicted)
        self.ask_for_nothing()

    def drop_what_waits(self, slots: Slots) -> None:
        """Count as unlinked what was not taken from a removed link; needs no guard, for nobody else touches it.

        When all links have recovered: a slot may be held by another one too.
        """
        while self.waiting:
            self._evict_oldest(slots, at.O_UNLINKED)

    def _entry(self, sequence: int) -> int:
        """The first word of the entry that message ``sequence`` lies in."""
        return self._ring + sequence % self._capacity * at.ENTRY_WORDS

    # -- room

    @property
    def waiting(self) -> int:
        """How many messages the consumer has not taken."""
        return self._head - self._oldest

    @property
    def full(self) -> bool:
        """Whether as many wait as the link is deep, or more."""
        return self.waiting >= self._depth

    @property
    def _oldest(self) -> int:
        """The message that the consumer takes next, if it is there already."""
        return int(max(self._theirs[self._taken], self._evicted))

    @property
    def origin_of_oldest(self) -> int:
        """Which of its producer's messages waits longest."""
        return int(self._own[self._entry(self._oldest) + at.E_ORIGIN])

    @property
    def has_room(self) -> bool:
        """Whether the link is not full. How far it has room is remembered, for that can only grow."""
        if self._head < self._room_until:
            return True
        self._room_until = max(self._theirs[self._taken], self._evicted) + self._depth
        return self._head < self._room_until

    def ask_for_room(self, most: bool) -> None:
        """Be woken when the link has room: for half of its messages if ``most``, else for one."""
        self._wanted = self._head - self._depth + (max(1, self._depth // 2) if most else 1)
        self._own[self._base + at.O_WAKE_AT] = self._wanted

    @property
    def has_room_asked_for(self) -> bool:
        """Whether the consumer has taken so many messages."""
        return bool(self._theirs[self._taken] >= self._wanted)

    def ask_for_nothing(self) -> None:
        """Not be woken over room."""
        self._own[self._base + at.O_WAKE_AT] = at.NEVER

    @property
    def has_returns(self) -> bool:
        """Whether the reader has returned slots that were not taken back."""
        return self._tail != self._theirs[self._returned]

    def drain(self, slots: Slots) -> None:
        """Take back the slots that the reader returned."""
        head = self._theirs[self._returned]
        while self._tail != head:
            slots.let_go(self.column, self._theirs[self._in.returned(self._tail)])
            self._tail += 1
            self._own[self._base + at.O_RETURN_TAIL] = self._tail

    def evict(self, slots: Slots, fewer_than: int) -> bool:
        """Drop the oldest messages until fewer wait; False where the guard cannot be had.

        Under the guard, so that the consumer does not claim the message, or read its entry, meanwhile.
        """
        guard = self._reader.guard
        assert guard is not None, "a link that drops its oldest message has a guard"
        if not guard.acquire(GUARD_PATIENCE_S):
            return False
        try:
            while self.waiting >= max(1, fewer_than):
                self._evict_oldest(slots, at.O_DROPPED_OLDEST)
        finally:
            guard.release()
        return True

    def _evict_oldest(self, slots: Slots, reason: int) -> None:
        own, base, oldest = self._own, self._base, self._oldest
        own[base + at.O_EVICTING] = 0  # first: what is written below belongs to no eviction that is done
        own[base + at.O_EVICTING_COUNT] = own[base + reason] + 1
        own[base + at.O_EVICTING_REASON] = reason
        own[base + at.O_EVICTING] = oldest + 1
        own[base + at.O_EVICTED] = self._evicted = oldest + 1
        slots.let_go(self.column, oldest)
        self._finish_evicting()

    def make_room(self, slots: Slots) -> bool:
        """Drop the oldest message where the link is full; False where it cannot."""
        return not self.full or self.evict(slots, self._depth)

    def _finish_evicting(self) -> None:
        """Count the last message that was evicted; said again it changes nothing."""
        own, base = self._own, self._base
        if own[base + at.O_EVICTING] == own[base + at.O_EVICTED] > 0:
            own[base + own[base + at.O_EVICTING_REASON]] = own[base + at.O_EVICTING_COUNT]

    # -- publishing

    def hold(self, slots: Slots, rows: Sequence[int]) -> None:
        """The slots are held for the message that comes next."""
        for row in rows:
            slots.hold(row, self.column, self._head)

    def write_entry(self, envelope: bytes, hops: bytes) -> None:
        """Write the next entry of the ring.

        Args:
            envelope: its bytes from the origin on, with the payload where that lies in the entry.
            hops: its hop table.
        """
        head = self._head
        entry = self._ring + head % self._capacity * at.ENTRY_WORDS
        start = (entry + at.E_ORIGIN) * at.WORD
        self._bytes[start : start + len(envelope)] = envelope
        if hops:
            start = (entry + at.E_HOP_TABLE) * at.WORD
            self._bytes[start : start + len(hops)] = hops
        # Last: recovery knows an entry by its sequence, and then believes its origin. With one entry the origin that
        # lies here before is just the one that would make it complete a message which was never committed.
        self._own[entry] = head + 1

    def show(self) -> None:
        """The entry that was written last is there to be taken; wakes the consumer if it sleeps."""
        self._head = head = self._head + 1
        self._own[self._head_word] = head
        if self._theirs[self._asleep]:  # no fence: see sleeping.py
            self._waker.wake()

    def leave_out(self, published: int, reason: int) -> None:
        """Note that the message which will be the ``published``-th is dropped here; its commit makes it so."""
        own, base = self._own, self._base
        own[base + at.O_LEFT_PUBLISHED] = 0  # first: what is written below belongs to no message that is published
        own[base + at.O_LEFT_COUNT] = own[base + reason] + 1
        own[base + at.O_LEFT_REASON] = reason
        own[base + at.O_LEFT_PUBLISHED] = published

    def finish_leaving_out(self, published: int) -> None:
        """Count the last message, if it was left out; said again it changes nothing."""
        own, base = self._own, self._base
        if own[base + at.O_LEFT_PUBLISHED] == published > 0:
            own[base + own[base + at.O_LEFT_REASON]] = own[base + at.O_LEFT_COUNT]

    def _show_or_void(self, published: int) -> None:
        """Show the entry behind the last one shown if its message was committed with it; else have nobody believe it.

        An entry that is left as it was would be believed by the next successor but one: the message that the next one
        commits has the origin that lies there, also where it is left out of this link.
        """
        own, entry = self._own, self._entry(self._head)
        if own[entry + at.E_SEQUENCE] != self._head + 1:
            return
        left_out = own[self._base + at.O_LEFT_PUBLISHED] == published
        if own[entry + at.E_ORIGIN] == published - 1 and not left_out:
            self.show()
        else:
            own[entry + at.E_SEQUENCE] = 0

    def _forget_leaving_out(self, published: int) -> None:
        """A message that was left out and never committed may find room the next time: then it is not left out."""
        if self._own[self._base + at.O_LEFT_PUBLISHED] > published:
            self._own[self._base + at.O_LEFT_PUBLISHED] = 0

    def ring(self) -> None:
        """Wake the consumer."""
        self._waker.ring()

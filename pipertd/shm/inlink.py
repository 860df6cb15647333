"""One in-link as its consumer sees it: the producer's words to read, the own words of the link to write."""

from __future__ import annotations

from dataclasses import dataclass

from pipertd.errors import SegmentError
from pipertd.shm import layout as at
from pipertd.shm.guard import Guard
from pipertd.shm.hand import Hands, Taken
from pipertd.shm.ledger import Ledger
from pipertd.shm.sleeping import Waker

GUARD_PATIENCE_S = 0.05  # a producer that is stopped with the guard in hand must not stop this routine's events


@dataclass(frozen=True)
class Writer:
    """The other end of an in-link: its ledger (read-only), the column of the link there, and its bell.

    ``guard`` is there where the link drops its oldest message. ``unlinked`` says that the link was removed: nothing is
    taken from it, but what was taken is given back.
    """

    ledger: Ledger
    column: int
    bell_fd: int
    guard: Guard | None = None
    unlinked: bool = False


class InLink:
    """A link whose messages come from another process, or, with no ring to read, from within the flow."""

    def __init__(self, ledger: Ledger, slot: int, writer: Writer) -> None:
        self.slot = slot
        self.within_flow = ledger.layout.ins[slot].within_flow
        self._own = ledger.words
        self._mine = ledger.layout.ins[slot]
        self._taken = self._mine.base + at.I_TAKEN
        self._writer = writer
        self.unlinked = writer.unlinked
        self._guard = writer.guard
        self._theirs = writer.ledger.words
        self._out = writer.ledger.layout.outs[writer.column]
        self._head = self._out.base + at.O_HEAD
        self._evicted = self._out.base + at.O_EVICTED
        self._ring, self._capacity = self._out.base + at.O_RING, self._out.capacity
        self._asleep = writer.ledger.layout.status + at.S_ASLEEP
        self._wake_at = self._out.base + at.O_WAKE_AT
        self._waker = Waker(writer.ledger, writer.bell_fd)
        # What comes next where there is no guard; what the link evicted before it was told to wait is behind it.
        self._next = int(max(self._own[self._taken], self._theirs[self._evicted]))
        self._known_head = 0

    @property
    def taken(self) -> int:
        """The first message that was not claimed."""
        return int(self._own[self._taken])

    @property
    def has_message(self) -> bool:
        """Whether a message waits in the ring."""
        return bool(self._theirs[self._head] > max(self._own[self._taken], self._theirs[self._evicted]))

    @property
    def next_captured_ns(self) -> int | None:
        """When the message that :meth:`claim` would take was captured; None where none waits, or it goes just now."""
        theirs = self._theirs
        sequence = max(self._own[self._taken], theirs[self._evicted])
        if sequence >= theirs[self._head]:
            return None
        entry = self._ring + sequence % self._capacity * at.ENTRY_WORDS
        captured_ns = int(theirs[entry + at.E_CAPTURED_NS])
        return captured_ns if theirs[entry] == sequence + 1 and theirs[self._evicted] <= sequence else None

    @property
    def closed(self) -> bool:
        """Whether the producer said the end, behind what waits."""
        return bool(self._theirs[self._out.base + at.O_CLOSED])

    @property
    def waiting(self) -> int:
        """How many messages wait in the ring."""
        return max(0, int(self._theirs[self._head] - max(self._own[self._taken], self._theirs[self._evicted])))

    def claim(self, hands: Hands) -> Taken | None:
        """Take the oldest message, if there is one and the guard can be had."""
        guard = self._guard
        if guard is None:
            sequence = self._next
            if sequence >= self._known_head:  # the producer's words are read only where they may have changed
                self._known_head = self._theirs[self._head]
                if sequence >= self._known_head:
                    return None
            self._next = sequence + 1
            return self._claim(hands, sequence)
        if not self.has_message or not guard.acquire(GUARD_PATIENCE_S):
            return None
        try:
            sequence = max(self._own[self._taken], self._theirs[self._evicted])
            return self._claim(hands, sequence) if sequence < self._theirs[self._head] else None
        finally:
            guard.release()

    def _claim(self, hands: Hands, sequence: int) -> Taken:
        theirs = self._theirs
        entry = self._ring + sequence % self._capacity * at.ENTRY_WORDS
        if theirs[entry] != sequence + 1:
            found = theirs[entry + at.E_SEQUENCE] - 1
            raise SegmentError(f"cannot take message {sequence}: its entry holds {found}; this is a bug in pipertd")
        taken = hands.claim(self.slot, sequence, theirs[entry : entry + theirs[entry + at.E_WORDS]])
        if theirs[self._asleep] and sequence + 1 >= theirs[self._wake_at]:  # no fence: see sleeping.py
            self._waker.wake()
        return taken

    @property
    def at_end(self) -> bool:
        """Whether the stream was closed and its last message is taken or evicted."""
        closed = self._theirs[self._out.base + at.O_CLOSED]
        return bool(closed) and max(self._own[self._taken], self._theirs[self._evicted]) == closed - 1

    def give_back(self, sequence: int) -> bool:
        """Say that the last view of a message is gone; False where the ring of returns has no room now."""
        own, base = self._own, self._mine.base
        head = own[base + at.I_RETURN_HEAD]
        if head - self._theirs[self._out.base + at.O_RETURN_TAIL] >= self._mine.capacity:
            return False
        own[self._mine.returned(head)] = sequence
        own[base + at.I_RETURN_HEAD] = head + 1
        return True

    def held(self) -> set[int]:
        """The messages whose slots the producer holds for this link."""
        holds = self._theirs[self._writer.ledger.layout.holds_of(self._out.column)]
        return {hold - 1 for hold in holds if hold}

    def wake(self) -> None:
        """Wake the producer if it sleeps: it was given something back."""
        self._waker.wake()

    def ring(self) -> None:
        """Wake the producer, whatever its words say."""
        self._waker.ring()

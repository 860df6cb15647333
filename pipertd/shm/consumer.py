"""The taking side of a routine's links.

Take: the entry is copied into the other hand copy, then **k**, then ``taken`` = p + 1: the message is claimed.
On a link that drops its oldest message p is behind what was evicted, and all of it is done under the link's guard.
Acknowledge: the other hand copy {idle, delivered + 1}, then **k**. Return, when it is acknowledged and its last view is
gone: the sequence into the return ring, then ``rhead`` + 1; the routine's own thread does it, never ``__del__``. Before
the acknowledgement a slot is not returned even if no view is left: a successor would read it again.

A hand that names a sequence at or above ``taken`` was never claimed and is void. A claimed one is given again from the
hand copy by the successor, with one attempt more, unless the commit record says that its output is out already: then it
is acknowledged without running again. Slots that the predecessor's leases held are returned by the successor: all that
the producer's hold table has below ``taken``, except the one in hand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipertd.errors import SegmentError
from pipertd.shm import bell, codec
from pipertd.shm import layout as at
from pipertd.shm.fence import fence
from pipertd.shm.guard import Guard
from pipertd.shm.hand import HandRecord, Taken
from pipertd.shm.lease import leased_array
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import ByteArray

GUARD_PATIENCE_S = 0.05  # a producer that is stopped with the guard in hand must not stop this routine's events

_Key = tuple[int, int]  # in-link and sequence of a message that lies in a slot


@dataclass(frozen=True)
class Writer:
    """The other end of an in-link: its ledger and pool (read-only), the column of the link there, and its bell.

    ``guard`` is there where the link drops its oldest message.
    """

    ledger: Ledger
    pool: ByteArray | None
    column: int
    bell_fd: int
    guard: Guard | None = None


class Consumer:
    """Takes the messages of one routine. Not thread-safe, but for the end of leases, which may come from anywhere."""

    def __init__(self, ledger: Ledger, writers: Sequence[Writer], own_bell_fd: int) -> None:
        self._ledger = ledger
        self._layout = ledger.layout
        self._writers = tuple(writers)
        self._own_bell_fd = own_bell_fd
        self._let_go: deque[_Key] = deque()  # ends of leases, from any thread
        self._uses: dict[_Key, int] = {}  # per slot: leases, and one for the hand
        self._to_return: deque[_Key] = deque()
        self._next = 0
        self._record = HandRecord(ledger)
        self.hand: Taken | None = None

    # -- links whose producer is another process

    def recover(self, *, within_flow: Sequence[bool]) -> bool:
        """Put right what the predecessor left; whether a message is in hand that must be handled again.

        Args:
            within_flow: per in-link, whether its producer lives in this process; such messages died with it.
        """
        layout, words = self._layout, self._ledger.words
        again = False
        if self._ledger.hand_word(at.H_STATE) == at.IN_HAND:
            slot, sequence = self._ledger.hand_word(at.H_LINK), self._ledger.hand_word(at.H_SEQUENCE)
            if sequence >= words[layout.ins[slot].base + at.I_TAKEN]:
                self._settle_hand(None)  # never claimed
            elif self.already_published(slot, sequence):
                self._settle_hand(None if self._is_counted(slot, sequence) else at.N_DELIVERED)
            elif within_flow[slot]:
                self._settle_hand(None)  # it died with this process; its producer gives it again
            else:
                self.hand = self._record.try_again()
                self._use_slot_in_hand()
                again = True
        for slot, writer in enumerate(self._writers):
            if not within_flow[slot]:
                self._return_predecessors_leases(slot, writer)
        self.flush()
        for writer in self._writers:
            bell.ring(writer.bell_fd)
        return again

    def _return_predecessors_leases(self, slot: int, writer: Writer) -> None:
        taken = self._ledger.words[self._layout.ins[slot].base + at.I_TAKEN]
        kept = self.hand.sequence if self.hand is not None and self.hand.slot == slot else None
        for row in range(writer.ledger.layout.rows):
            held = writer.ledger.words[writer.ledger.layout.hold_of(row, writer.column)]
            if held and held - 1 < taken and held - 1 != kept:
                self._to_return.append((slot, held - 1))

    def take(self, slots: Sequence[int]) -> Taken | None:
        """Claim the next message of the in-links ``slots``, in turn; None where nothing waits."""
        for turn in range(len(slots)):
            slot = slots[(self._next + turn) % len(slots)]
            guard = self._writers[slot].guard
            if not self.waiting([slot]) or (guard is not None and not guard.acquire(GUARD_PATIENCE_S)):
                continue
            try:
                claimed = self._claim(slot)
            finally:
                if guard is not None:
                    guard.release()
            if claimed:
                self._next = (self._next + turn + 1) % len(slots)
                self._say_room(self._writers[slot])
                return self.hand
        return None

    def _claim(self, slot: int) -> bool:
        """Take the oldest message of a link; whether there was one."""
        writer, sequence = self._writers[slot], self._oldest(slot)
        theirs, out = writer.ledger.words, writer.ledger.layout.outs[writer.column]
        if sequence >= theirs[out.base + at.O_HEAD]:
            return False
        entry = out.entry(sequence)
        if theirs[entry + at.E_SEQUENCE] != sequence + 1:
            raise SegmentError(
                f"cannot take message {sequence}: its entry holds {theirs[entry + at.E_SEQUENCE] - 1}; "
                "this is a bug in pipertd"
            )
        self.hand = self._record.claim(slot, sequence, 1, theirs[entry : entry + at.ENTRY_WORDS])
        self._use_slot_in_hand()
        self._ledger.words[self._layout.ins[slot].base + at.I_TAKEN] = sequence + 1
        return True

    def _oldest(self, slot: int) -> int:
        """The message of a link that is next, if it is there already."""
        writer, taken = self._writers[slot], self._ledger.words[self._layout.ins[slot].base + at.I_TAKEN]
        return int(max(taken, writer.ledger.words[writer.ledger.layout.outs[writer.column].base + at.O_EVICTED]))

    def _say_room(self, writer: Writer) -> None:
        """Wake a producer that sleeps for want of room."""
        fence()
        if writer.ledger.words[writer.ledger.layout.status + at.S_ASLEEP]:
            bell.ring(writer.bell_fd)

    def waiting(self, slots: Sequence[int]) -> bool:
        """Whether a message waits on any of these in-links."""
        for slot in slots:
            writer = self._writers[slot]
            head = writer.ledger.words[writer.ledger.layout.outs[writer.column].base + at.O_HEAD]
            if self._oldest(slot) < head:
                return True
        return False

    def read(self) -> Any:
        """The content of the message in hand; its arrays are leases on the producer's slot, or copies if small."""
        assert self.hand is not None, "read needs a message in hand"
        words, entry = self._ledger.words, self._record.entry
        length, body = words[entry + at.E_LENGTH], words[entry + at.E_BODY_OFFSET]
        if words[entry + at.E_ROW] == at.INLINE_ROW:
            start = (entry + at.E_INLINE) * at.WORD
            return codec.decode(np.frombuffer(bytes(self._ledger.bytes[start : start + length]), np.uint8), body)
        pool = self._writers[self.hand.slot].pool
        assert pool is not None, "a message that lies in a slot came from a pool"
        key, let_go, own_bell_fd = (self.hand.slot, self.hand.sequence), self._let_go, self._own_bell_fd

        self._uses[key] += 1

        def end_lease() -> None:
            let_go.append(key)
            bell.ring(own_bell_fd)

        return codec.decode(leased_array(pool, words[entry + at.E_OFFSET], length, end_lease), body)

    def settle(self, count: int = at.N_DELIVERED) -> None:
        """Acknowledge the message in hand: counted as delivered, failed or stale, and never given again."""
        self._settle_hand(count)

    def try_again(self) -> None:
        """Keep the message in hand, and count another attempt at it."""
        self.hand = self._record.try_again()

    def flush(self) -> None:
        """Return the slots whose last view is gone. Never blocks: what does not fit waits for the next time."""
        while self._let_go:
            self._unuse(self._let_go.popleft())
        words, rung = self._ledger.words, set()
        while self._to_return:
            slot, sequence = self._to_return[0]
            mine, writer = self._layout.ins[slot], self._writers[slot]
            head = words[mine.base + at.I_RETURN_HEAD]
            out = writer.ledger.layout.outs[writer.column]
            if head - writer.ledger.words[out.base + at.O_RETURN_TAIL] >= mine.capacity:
                break
            words[mine.returned(head)] = sequence
            words[mine.base + at.I_RETURN_HEAD] = head + 1
            self._to_return.popleft()
            rung.add(writer.bell_fd)
        for fd in rung:
            bell.ring(fd)

    @property
    def has_leases(self) -> bool:
        """Whether a slot is still kept by views of it."""
        return len(self._uses) > (self.hand is not None)

    def _use_slot_in_hand(self) -> None:
        assert self.hand is not None, "a slot is used by the message in hand"
        if self._ledger.words[self._record.entry + at.E_ROW] != at.INLINE_ROW:
            self._uses[self.hand.slot, self.hand.sequence] = 1

    def _unuse(self, key: _Key) -> None:
        self._uses[key] -= 1
        if not self._uses[key]:
            del self._uses[key]
            self._to_return.append(key)

    def at_end(self, slots: Sequence[int]) -> bool:
        """Whether every one of these in-links was closed and has nothing left."""
        for slot in slots:
            writer = self._writers[slot]
            closed = writer.ledger.words[writer.ledger.layout.outs[writer.column].base + at.O_CLOSED]
            if not closed or self._oldest(slot) != closed - 1:
                return False
        return True

    def sleep_unless(self, news: Any, sleeper: bell.Bell, timeout_s: float) -> None:
        """Say that we sleep, look once more, then sleep. The fence keeps the look behind the store of ``asleep``."""
        asleep = self._layout.status + at.S_ASLEEP
        self._ledger.words[asleep] = 1
        fence()
        if not news():
            sleeper.sleep(timeout_s)
        self._ledger.words[asleep] = 0

    # -- links within the flow

    def claim_handed_over(self, slot: int, sequence: int, origin: int, captured_ns: int, published_ns: int) -> Taken:
        """Take a message by reference; one that comes again after a crash has an attempt more."""
        before = self._ledger.hand_word
        again = before(at.H_LINK) == slot and before(at.H_SEQUENCE) == sequence and before(at.H_ATTEMPTS) > 0
        entry = memoryview(bytearray(at.ENTRY_WORDS * at.WORD)).cast("Q")
        entry[at.E_SEQUENCE], entry[at.E_ORIGIN] = sequence + 1, origin
        entry[at.E_CAPTURED_NS], entry[at.E_PUBLISHED_NS] = captured_ns, published_ns
        self.hand = self._record.claim(slot, sequence, before(at.H_ATTEMPTS) + 1 if again else 1, entry)
        self._ledger.words[self._layout.ins[slot].base + at.I_TAKEN] = sequence + 1
        return self.hand

    def settle_handed_over(self, count: int = at.N_DELIVERED) -> None:
        """As :meth:`settle`; a message that was counted before the crash of its producer is not counted twice."""
        assert self.hand is not None, "settle needs a message in hand"
        self._settle_hand(None if self._is_counted(self.hand.slot, self.hand.sequence) else count)

    def _is_counted(self, slot: int, sequence: int) -> bool:
        """Whether a message was acknowledged already; they are, in order, and each counts once."""
        return sum(self._ledger.count(slot, which) for which in range(at.COUNT_WORDS)) > sequence

    def already_published(self, slot: int, sequence: int) -> bool:
        """Whether the output made from this message is committed: then it must not run again."""
        return (
            self._ledger.commit_word(at.C_IN_LINK) == slot + 1
            and self._ledger.commit_word(at.C_IN_SEQUENCE) == sequence
        )

    def _settle_hand(self, count: int | None) -> None:
        self._record.settle(count)
        if self.hand is not None and (self.hand.slot, self.hand.sequence) in self._uses:
            self._unuse((self.hand.slot, self.hand.sequence))
        self.hand = None

"""The publishing side of a routine's links.

Publish n: drain the return rings, find room on every link and a free slot, write the payload, then

    hold = head + 1 on every link · the entry at ring[head % depth] · the other commit copy · **c** ·
    head + 1 on every link · bells

The store of ``c`` *is* the publication. A crash before it leaves nothing visible: holds above head are set to 0 by the
successor. A crash behind it and before the heads is completed by the successor, which knows the entry by its sequence
and by its origin = published - 1; so a fan-out is whole, and never twice. Nobody but the successor puts anything right.

A link that drops its oldest message gives it up under the link's guard: ``evicted`` past it, then its hold to 0.

A slot is free when its row of the hold table is all zeros; there is no counter in shared memory that a crash could
leave wrong. What this process keeps beside it (which row a sequence lies in) is only an index, made anew at recovery.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipertd.names import Policy
from pipertd.shm import bell
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoded
from pipertd.shm.fence import fence
from pipertd.shm.guard import Guard
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import Pool

GUARD_PATIENCE_S = 0.05  # a consumer that is stopped with the guard in hand costs this long, then its messages


@dataclass(frozen=True)
class Reader:
    """The other end of an out-link: its ledger (read-only), the slot of the link there, and its bell.

    ``guard`` is there where the link drops its oldest message.
    """

    ledger: Ledger
    in_slot: int
    bell_fd: int
    policy: Policy = Policy.WAIT
    guard: Guard | None = None


@dataclass(frozen=True)
class _Out:
    """An out-link with a reader in another process."""

    mine: at.OutLayout
    theirs: at.InLayout
    reader: Reader


@dataclass(frozen=True)
class _Room:
    """Where a message goes: the links that take it, those that do not and why, and the slot where its bytes lie."""

    outs: list[_Out]
    left_out: list[tuple[_Out, int]]
    row: int = at.INLINE_ROW
    offset: int = 0


class Producer:
    """Publishes the messages of one routine. Not thread-safe: it belongs to the routine's own thread."""

    def __init__(self, ledger: Ledger, pool: Pool | None, readers: Sequence[Reader | None]) -> None:
        """Attach to the out-links of ``ledger``; None marks a link within the flow, which has no ring to write."""
        self._ledger = ledger
        self._pool = pool
        self._layout = ledger.layout
        self._outs = [
            _Out(out, reader.ledger.layout.ins[reader.in_slot], reader)
            for out, reader in zip(ledger.layout.outs, readers, strict=True)
            if reader is not None
        ]
        self._rows_of: dict[int, dict[int, int]] = {out.mine.column: {} for out in self._outs}
        self._links_on = [0] * ledger.layout.rows
        self._free: list[int] = []

    @property
    def published(self) -> int:
        """How many messages were published in this run, over all generations: the commit word itself."""
        return self._ledger.commit_word(at.C_PUBLISHED)

    @property
    def position(self) -> int:
        """The author's own 64 bits, as committed with the last message."""
        return self._ledger.commit_word(at.C_POSITION)

    @property
    def closed(self) -> bool:
        """Whether the end of the stream was said on every out-link."""
        outs = self._layout.outs
        return bool(outs) and all(self._ledger.words[out.base + at.O_CLOSED] for out in outs)

    def recover(self) -> None:
        """Put right what the predecessor left; does nothing on a fresh ledger. Called once, before anything else."""
        words = self._ledger.words
        last_origin = self.published - 1
        for out in self._outs:
            self._finish_leaving_out(out)
            self._finish_evicting(out)
            evicted = words[out.mine.base + at.O_EVICTED]
            head_word = out.mine.base + at.O_HEAD
            head = words[head_word]
            entry = out.mine.entry(head)
            if words[entry + at.E_SEQUENCE] == head + 1 and words[entry + at.E_ORIGIN] == last_origin:
                head += 1  # committed, but not yet shown on this link
                words[head_word] = head
            for row in range(self._layout.rows):
                hold = self._layout.hold_of(row, out.mine.column)
                held = words[hold]
                if held > head or held == evicted > 0:
                    words[hold] = 0  # never committed, or evicted: nobody saw it, nobody will
                elif held:
                    self._rows_of[out.mine.column][held - 1] = row
                    self._links_on[row] += 1
        self._free = [row for row in range(self._layout.rows - 1, -1, -1) if not self._links_on[row]]
        self._ring_all()

    def drain(self) -> None:
        """Take back the slots that readers returned."""
        words = self._ledger.words
        for out in self._outs:
            tail_word = out.mine.base + at.O_RETURN_TAIL
            tail = words[tail_word]
            theirs = out.reader.ledger.words
            head = theirs[out.theirs.base + at.I_RETURN_HEAD]
            while tail != head:
                self._let_go(out, theirs[out.theirs.returned(tail)])
                tail += 1
                words[tail_word] = tail

    def must_wait(self) -> bool:
        """Whether a link that waits for its consumer has no room now."""
        return any(out.reader.policy is Policy.WAIT and self._is_full(out) for out in self._outs)

    def _is_full(self, out: _Out) -> bool:
        return self._waiting(out) >= out.mine.depth

    def _waiting(self, out: _Out) -> int:
        return int(self._ledger.words[out.mine.base + at.O_HEAD]) - self._oldest(out)

    def _oldest(self, out: _Out) -> int:
        """The message that the consumer takes next, if it is there already."""
        taken = out.reader.ledger.words[out.theirs.base + at.I_TAKEN]
        return int(max(taken, self._ledger.words[out.mine.base + at.O_EVICTED]))

    def publish(
        self, message: Encoded, *, position: int = 0, input_link: int = -1, input_sequence: int = 0, captured_ns: int
    ) -> bool:
        """Publish on every link at once, or do nothing and return False where it has to wait for room or a free slot.

        A full link drops its oldest message or leaves this one out, and counts it. So do all where no slot is free and
        none waits.

        Args:
            message: what to publish; every byte of its arrays is copied once, into the pool.
            position: 64 bits to commit with it.
            input_link, input_sequence: the message in hand that it was made from; -1 for a source.
            captured_ns: when what it tells of was captured, on the monotonic clock.

        Raises:
            MessageTooLarge: it can never fit. SegmentError: no shared memory is left.
        """
        self.drain()
        room = self._find_room(message)
        if room is None:
            return False
        outs, row = room.outs, room.row
        words, origin = self._ledger.words, self.published
        if row != at.INLINE_ROW:
            for out in outs:
                words[self._layout.hold_of(row, out.mine.column)] = words[out.mine.base + at.O_HEAD] + 1
        for out in outs:
            self._write_entry(out, message, row, room.offset, origin, captured_ns)
        for out, reason in room.left_out:
            self._leave_out(out, origin + 1, reason)
        self.commit(origin + 1, position, input_link, input_sequence)
        for out, _ in room.left_out:
            self._finish_leaving_out(out)
        for out in outs:
            head_word = out.mine.base + at.O_HEAD
            if row != at.INLINE_ROW:
                self._rows_of[out.mine.column][words[head_word]] = row
                self._links_on[row] += 1
            words[head_word] += 1
        self._ring_sleepers()
        return True

    def _find_room(self, message: Encoded) -> _Room | None:
        """Room for the message, made where a link drops; None where it has to wait."""
        if self.must_wait():
            return None
        newest = [out for out in self._outs if out.reader.policy is Policy.DROP_NEWEST and self._is_full(out)]
        left_out = [(out, at.O_DROPPED_NEWEST) for out in newest]
        outs = [out for out in self._outs if out not in newest]
        row, offset = at.INLINE_ROW, 0
        if outs and message.length > at.INLINE_BYTES:
            placed = self._place(message.length)
            while placed is None and self._evict_for_a_slot():
                placed = self._place(message.length)
            if placed is None:
                waits = any(out.reader.policy is Policy.WAIT for out in outs)
                return None if waits else _Room([], left_out + [(out, at.O_DROPPED_NEWEST) for out in outs])
            row, offset = placed
        stopped = [out for out in outs if self._is_full(out) and not self._evict(out, out.mine.depth)]
        left_out += [(out, at.O_CONSUMER_STOPPED) for out in stopped]
        outs = [out for out in outs if out not in stopped]
        if row != at.INLINE_ROW:
            if not outs:
                self._free.append(row)
                return _Room([], left_out)
            assert self._pool is not None, "a message that was placed lies in a pool"
            message.write(self._pool.array[offset : offset + message.length])
        return _Room(outs, left_out, row, offset)

    def _evict_for_a_slot(self) -> bool:
        """Drop the oldest message that waits on any link; False where none may be dropped."""
        if any(out.reader.policy is Policy.WAIT for out in self._outs):
            return False
        droppable = [out for out in self._outs if out.reader.policy is Policy.DROP_OLDEST and self._waiting(out)]
        by_age = sorted(droppable, key=lambda out: self._ledger.words[out.mine.entry(self._oldest(out)) + at.E_ORIGIN])
        return any(self._evict(out, self._waiting(out)) for out in by_age)

    def _evict(self, out: _Out, fewer_than: int) -> bool:
        """Drop the oldest messages until fewer wait; False where the guard cannot be had.

        Under the guard, so that the consumer does not claim the message, or read its entry, meanwhile.
        """
        guard = out.reader.guard
        assert guard is not None, "a link that drops its oldest message has a guard"
        if not guard.acquire(GUARD_PATIENCE_S):
            return False
        words, base = self._ledger.words, out.mine.base
        try:
            while self._waiting(out) >= max(1, fewer_than):
                oldest = self._oldest(out)
                words[base + at.O_EVICTING] = 0  # first: the count below belongs to no eviction that is done
                words[base + at.O_EVICTING_COUNT] = words[base + at.O_DROPPED_OLDEST] + 1
                words[base + at.O_EVICTING] = oldest + 1
                words[base + at.O_EVICTED] = oldest + 1
                self._let_go(out, oldest)
                self._finish_evicting(out)
        finally:
            guard.release()
        return True

    def _finish_evicting(self, out: _Out) -> None:
        """Count the last message that was evicted; said again it changes nothing."""
        words, base = self._ledger.words, out.mine.base
        if words[base + at.O_EVICTING] == words[base + at.O_EVICTED] > 0:
            words[base + at.O_DROPPED_OLDEST] = words[base + at.O_EVICTING_COUNT]

    def _let_go(self, out: _Out, sequence: int) -> None:
        """The link holds the slot of this message no longer. One that is not held is an old return said twice."""
        row = self._rows_of[out.mine.column].pop(sequence, None)
        if row is None:
            return
        self._ledger.words[self._layout.hold_of(row, out.mine.column)] = 0
        self._links_on[row] -= 1
        if not self._links_on[row]:
            self._free.append(row)

    def _leave_out(self, out: _Out, published: int, reason: int) -> None:
        """Note that the message which will be the ``published``-th is dropped on this link; its commit makes it so."""
        words, base = self._ledger.words, out.mine.base
        words[base + at.O_LEFT_PUBLISHED] = 0  # first: what is written below belongs to no message that is published
        words[base + at.O_LEFT_COUNT] = words[base + reason] + 1
        words[base + at.O_LEFT_REASON] = reason
        words[base + at.O_LEFT_PUBLISHED] = published

    def _finish_leaving_out(self, out: _Out) -> None:
        """Count the last message, if it was left out; said again it changes nothing."""
        words, base = self._ledger.words, out.mine.base
        if words[base + at.O_LEFT_PUBLISHED] == self.published > 0:
            words[base + words[base + at.O_LEFT_REASON]] = words[base + at.O_LEFT_COUNT]

    def commit(self, published: int, position: int, input_link: int, input_sequence: int) -> None:
        """Write the other commit copy, then ``c``: this one store is what makes it so."""
        words, current = self._ledger.words, self._ledger.words[self._layout.commit]
        other = self._layout.commit_copy(1 - current)
        words[other + at.C_PUBLISHED] = published
        words[other + at.C_POSITION] = position
        words[other + at.C_IN_LINK] = input_link + 1
        words[other + at.C_IN_SEQUENCE] = input_sequence
        words[self._layout.commit] = 1 - current

    def count_handed_over(self, column: int, sequence: int) -> None:
        """A link within the flow carries message ``sequence`` now; said again for the same one it counts once."""
        self._ledger.words[self._layout.outs[column].base + at.O_HEAD] = sequence + 1

    def close(self) -> None:
        """Say the end of the stream on every link, behind the last message."""
        words = self._ledger.words
        for mine in self._layout.outs:
            words[mine.base + at.O_CLOSED] = words[mine.base + at.O_HEAD] + 1
        self._ring_all()

    def _place(self, length: int) -> tuple[int, int] | None:
        """A free slot of at least ``length`` bytes: row and offset. The one freed last is still in the cache."""
        assert self._pool is not None, "a routine with out-links to other flows has a pool"
        if not self._free:
            return None
        row = self._free[-1]
        offset = self._pool.place(row, length, self._free[:-1])
        if offset is None:
            return None
        self._free.pop()  # only now: a refusal must not cost a slot
        return row, offset

    def _write_entry(self, out: _Out, message: Encoded, row: int, offset: int, origin: int, captured_ns: int) -> None:
        words = self._ledger.words
        head = words[out.mine.base + at.O_HEAD]
        entry = out.mine.entry(head)
        words[entry + at.E_ORIGIN] = origin
        words[entry + at.E_ROW] = row
        words[entry + at.E_OFFSET] = offset
        words[entry + at.E_LENGTH] = message.length
        words[entry + at.E_BODY_OFFSET] = message.body_offset
        words[entry + at.E_BODY_LENGTH] = len(message.body)
        words[entry + at.E_CAPTURED_NS] = captured_ns
        words[entry + at.E_PUBLISHED_NS] = time.monotonic_ns()
        if row == at.INLINE_ROW:
            payload = np.zeros(message.length, np.uint8)
            message.write(payload)
            start = (entry + at.E_INLINE) * at.WORD
            self._ledger.bytes[start : start + message.length] = payload.data
        # Last: recovery knows an entry by its sequence, and then believes its origin. With depth 1 the origin that lies
        # here before is just the one that would make it complete a message which was never committed.
        words[entry + at.E_SEQUENCE] = head + 1

    def _ring_sleepers(self) -> None:
        """Wake the readers that sleep. The fence keeps the look at ``asleep`` behind the store of the head."""
        fence()
        for out in self._outs:
            theirs = out.reader.ledger
            if theirs.words[theirs.layout.status + at.S_ASLEEP]:
                bell.ring(out.reader.bell_fd)

    def _ring_all(self) -> None:
        for out in self._outs:
            bell.ring(out.reader.bell_fd)

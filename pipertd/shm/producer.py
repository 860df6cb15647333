"""The publishing side of a routine's links.

Publish n: find room on every link and a free slot (what readers returned is taken back where one is missing), write
the payload, then

    hold = head + 1 on every link · the entry at ring[head % capacity] · the other commit copy · **c** ·
    head + 1 on every link · bells

The store of ``c`` *is* the publication. A crash before it leaves nothing visible: holds above head are set to 0 by the
successor. A crash behind it and before the heads is completed by the successor, which knows the entry by its sequence
and by its origin = published - 1; so a fan-out is whole, and never twice. Nobody but the successor puts anything right.

A link that drops its oldest message gives it up under the link's guard: ``evicted`` past it, then its hold to 0.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipertd.errors import MessageTooLarge
from pipertd.names import Policy
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoded
from pipertd.shm.hand import NO_CAUSE, Cause
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import OutLink, Reader
from pipertd.shm.pool import Pool
from pipertd.shm.slots import Slots
from pipertd.shm.trail import NO_TRAIL, Trail, packed

_COMMIT = struct.Struct("5Q")
_COMMIT_BYTES = _COMMIT.size
# from an entry's origin to its payload
_ENVELOPE = struct.Struct(f"14Q{(at.E_INLINE - at.E_WORDS - 1) * at.WORD}x")


@dataclass(slots=True)
class _Room:
    """Where a message goes: the links that take it, those that do not and why, and the slot where its bytes lie.

    ``held`` are the rows of all slots that it holds.
    """

    outs: list[OutLink]
    left_out: list[tuple[OutLink, int]] = field(default_factory=list)
    row: int = at.INLINE_ROW
    offset: int = 0
    held: list[int] = field(default_factory=list)


class Producer:
    """Publishes the messages of one routine. Not thread-safe: it belongs to the routine's own thread."""

    def __init__(
        self,
        ledger: Ledger,
        pool: Pool | None,
        readers: Sequence[Reader | None],
        *,
        number: int = 0,
        rows: int | None = None,
        foreign_rows: int | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """Attach to the out-links of ``ledger``; None marks a link within the flow, which has no ring to write.

        Args:
            ledger: the routine's own, writable.
            pool: its slots; None where it has none, or none are to be filled.
            readers: the other end of each out-link, in the order of their places.
            number: the routine's in the pipeline, by which readers know its pool.
            rows: how many slots its links need now; as many as there are rows for, if not said.
            foreign_rows: the same for what is passed on.
            wake: called when a loan ends, from any thread.
        """
        self._ledger = ledger
        self._layout = ledger.layout
        self._columns = range(len(readers))
        self._all = [OutLink(ledger, column, reader) for column, reader in enumerate(readers) if reader is not None]
        self._outs = [out for out in self._all if not out.unlinked]
        # Nobody else writes these words, so what is written need not be read again.
        self._words, self._bytes, self._index = ledger.words, ledger.bytes, ledger.layout.commit
        self._copies = [ledger.layout.commit_copy(index) * at.WORD for index in (0, 1)]
        self._current = ledger.words[self._index]
        self._published = ledger.commit_word(at.C_PUBLISHED)
        self._waiting_outs = [out for out in self._outs if out.policy is Policy.WAIT]
        self._number = number
        self.slots = Slots(ledger, pool, number, wake, rows=rows, foreign_rows=foreign_rows)
        self._everywhere = _Room(self._outs)
        self._freed_when_short: int | None = None  # of the slots, when a message found none; None: it found no room

    @property
    def published(self) -> int:
        """How many messages were published in this run, over all generations: the commit word itself."""
        return self._published

    @property
    def position(self) -> int:
        """The author's own 64 bits, as committed with the last message."""
        return self._ledger.commit_word(at.C_POSITION)

    @property
    def closed(self) -> bool:
        """Whether the end of the stream was said on every out-link."""
        outs = [self._layout.outs[column] for column in self._columns]
        return bool(outs) and all(self._ledger.words[out.base + at.O_CLOSED] for out in outs)

    def recover(self) -> None:
        """Put right what the predecessor left; does nothing on a fresh ledger. Called once, before anything else."""
        for out in self._all:
            out.recover(self._published, self.slots)
        for out in self._all:
            if out.unlinked:
                out.drop_what_waits(self.slots)
        self.slots.end_recovery()
        for out in self._all:
            out.ring()

    @property
    def has_returns(self) -> bool:
        """Whether there is something to :meth:`drain`."""
        return any(out.has_returns for out in self._all)

    def drain(self) -> None:
        """Take back the slots that readers returned."""
        for out in self._all:
            out.drain(self.slots)

    def must_wait(self) -> bool:
        """Whether a link that waits for its consumer has no room now."""
        return any(out.full for out in self._waiting_outs)

    def ask_for_room(self, *, most: bool) -> Callable[[], bool]:
        """Be woken when what waits may go on; returns what to look for before sleeping.

        Args:
            most: to wait until full links have room for half of their messages, and not only for one.
        """
        slots, freed = self.slots, self._freed_when_short
        if freed is not None:
            return lambda: slots.freed != freed or slots.has_ended_loans or self.has_returns
        # None is full where the consumers were quicker than the question: then that is the news.
        full = [out for out in self._waiting_outs if out.full]
        for out in full:
            out.ask_for_room(most)
        return lambda: all(out.has_room_asked_for for out in full)

    def ask_for_nothing(self) -> None:
        """Not be woken over room."""
        for out in self._waiting_outs:
            out.ask_for_nothing()

    def publish(
        self,
        message: Encoded,
        *,
        position: int = 0,
        cause: Cause = NO_CAUSE,
        captured_ns: int,
        trail: Trail = NO_TRAIL,
    ) -> bool:
        """Publish on every link at once, or do nothing and return False where it has to wait for room or a free slot.

        A full link drops its oldest message or leaves this one out, and counts it. So do all where no slot is free and
        none waits.

        Args:
            message: what to publish; every byte of its arrays is copied once, into the pool.
            position: 64 bits to commit with it.
            cause: what it was made from.
            captured_ns: when what it tells of was captured, on the monotonic clock.
            trail: where that has been since.

        Raises:
            MessageTooLarge: it can never fit; it is published, and every link has left it out and counted it.
            SegmentError: no shared memory is left.
        """
        full = False
        for out in self._outs:
            if not out.has_room:
                full = True
        if full or message.length > at.INLINE_BYTES or message.passed:
            try:
                room = self._find_room(message, full)
            except MessageTooLarge:
                room = _Room([], [(out, at.O_TOO_LARGE) for out in self._outs])
                self._publish(message, room, position, cause, captured_ns, trail)
                raise
        else:
            room = self._everywhere
        if room is None:
            return False
        self._publish(message, room, position, cause, captured_ns, trail)
        return True

    def _publish(
        self, message: Encoded, room: _Room, position: int, cause: Cause, captured_ns: int, trail: Trail
    ) -> None:
        origin, outs, row, now_ns = self._published, room.outs, room.row, time.monotonic_ns()
        high, low, count, hops = trail.left(now_ns) if trail.hop_count else trail
        inline = message.joined() if outs and row == at.INLINE_ROW else b""
        envelope = _ENVELOPE.pack(
            origin,
            self._number,
            row,
            room.offset,
            message.length,
            message.body_offset,
            message.length - message.body_offset,
            captured_ns,
            now_ns,
            len(room.held),
            high,
            low,
            count,
            at.ENTRY_WORDS if hops else at.E_INLINE + (len(inline) + at.WORD - 1) // at.WORD,
        )
        if room.held:
            for out in outs:
                out.hold(self.slots, room.held)
        for out in outs:
            out.write_entry(envelope + inline, packed(hops) if hops else b"")
        for out, reason in room.left_out:
            out.leave_out(origin + 1, reason)
        self.commit(origin + 1, position, cause)
        for out, _ in room.left_out:
            out.finish_leaving_out(origin + 1)
        for out in outs:
            out.show()

    def _find_room(self, message: Encoded, full: bool) -> _Room | None:
        """Room for the message, made where a link drops; None where it has to wait. ``full``: some link is."""
        self.drain()
        if full and self.must_wait():
            self._freed_when_short = None
            return None
        self._freed_when_short = self.slots.freed  # from here on it can only be a slot that is missing
        room = _Room([])
        for out in self._outs:
            if out.policy is Policy.DROP_NEWEST and out.full:
                room.left_out.append((out, at.O_DROPPED_NEWEST))
            else:
                room.outs.append(out)
        if room.outs and message.length > at.INLINE_BYTES and not self._place(message, room):
            return None
        stopped = [out for out in room.outs if out.policy is Policy.DROP_OLDEST and not out.make_room(self.slots)]
        if stopped:
            room.outs = [out for out in room.outs if out not in stopped]
            room.left_out += [(out, at.O_CONSUMER_STOPPED) for out in stopped]
        return self._filled(message, room)

    def _filled(self, message: Encoded, room: _Room) -> _Room | None:
        """The room with the message in it; None where it has to wait."""
        if room.outs and not self._keep_passed(message, room):
            if self._waiting_outs:
                self._give_back(room)
                return None
            room.left_out += [(out, at.O_DROPPED_NEWEST) for out in room.outs]
            room.outs = []
        if not room.outs:
            self._give_back(room)
        elif room.row != at.INLINE_ROW:
            message.write(self.slots.memory(room.offset, message.length))
        return room

    def _give_back(self, room: _Room) -> None:
        """The message goes nowhere, or not now: its slot is not needed."""
        if room.row != at.INLINE_ROW:
            self.slots.put_back(room.row)
            room.row = at.INLINE_ROW

    def _keep_passed(self, message: Encoded, room: _Room) -> bool:
        """Find the rows that are held for the message; False where there are too few now for what it passes on."""
        passed = [lease for lease in message.passed if lease.owner is not self.slots]
        inputs = self.slots.pass_on(passed)
        while inputs is None and self._evict_oldest():
            inputs = self.slots.pass_on(passed)
        if inputs is None:
            return False
        loans = [lease.key for lease in message.passed if lease.owner is self.slots]
        room.held = [*([room.row] if room.row != at.INLINE_ROW else ()), *loans, *inputs]
        return True

    def _place(self, message: Encoded, room: _Room) -> bool:
        """Find a slot; False where the message has to wait for one. Where no link waits it goes to none instead."""
        placed = self.slots.place(message.length)
        while placed is None and self._evict_oldest():
            placed = self.slots.place(message.length)
        if placed is not None:
            room.row, room.offset = placed
            return True
        if any(out.policy is Policy.WAIT for out in room.outs):
            return False
        room.left_out += [(out, at.O_DROPPED_NEWEST) for out in room.outs]
        room.outs = []
        return True

    def _evict_oldest(self) -> bool:
        """Drop the message that waits longest on any link; False where none may be dropped."""
        if self._waiting_outs:
            return False
        droppable = [out for out in self._outs if out.policy is Policy.DROP_OLDEST and out.waiting]
        by_age = sorted(droppable, key=lambda out: out.origin_of_oldest)
        return any(out.evict(self.slots, out.waiting) for out in by_age)

    def commit(self, published: int, position: int, cause: Cause) -> None:
        """Write the other commit copy, then ``c``: this one store is what makes it so."""
        current = 1 - self._current
        start = self._copies[current]
        self._bytes[start : start + _COMMIT_BYTES] = _COMMIT.pack(
            published, position, cause.handled, cause.link + 1, cause.sequence
        )
        self._words[self._index] = current
        self._current, self._published = current, published

    def count_handed_over(self, column: int, sequence: int) -> None:
        """A link within the flow carries message ``sequence`` now; said again for the same one it counts once."""
        self._ledger.words[self._layout.outs[column].base + at.O_HEAD] = sequence + 1

    def close(self) -> None:
        """Say the end of the stream on every link, behind the last message."""
        words = self._ledger.words
        for column in self._columns:
            mine = self._layout.outs[column]
            words[mine.base + at.O_CLOSED] = words[mine.base + at.O_HEAD] + 1
        for out in self._outs:
            out.ring()

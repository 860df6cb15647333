"""Which slots of a pool are free, and which slots of other pools this routine keeps because it passed them on.

A row of the hold table is free when it is all zeros; there is no counter in shared memory that a crash could leave
wrong. What is kept beside it here (which rows a message holds, how many links hold a row) is only an index, made anew
at recovery. The rows behind the pool's own are *foreign*: each names a message whose slot was passed on, and which must
not be returned before the row is free. It came by an in-link of this routine, or of another one of its flow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pipertd.errors import MessageTooLarge
from pipertd.shm import layout as at
from pipertd.shm.lease import Lease
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import ByteArray, Pool

Message = tuple[int, int]  # in-link and sequence


class Kept(NamedTuple):
    """A message whose slots are kept for who reads them further on: the routine that took it, by number, and which."""

    routine: int
    message: Message


LOANS = 2  # slots beyond those that the links need: one to fill while another one waits for room


class Slots:
    """The hold table of one routine, and the pool behind it."""

    def __init__(
        self,
        ledger: Ledger,
        pool: Pool | None,
        number: int,
        wake: Callable[[], None],
        *,
        rows: int | None = None,
        foreign_rows: int | None = None,
    ) -> None:
        """``number`` is the routine's and so its pool's; ``wake`` is called when a loan ends, from any thread.

        ``rows`` and ``foreign_rows`` are how many of each are used for what comes; what lies in others stays there.
        """
        self._words = ledger.words
        self._layout = layout = ledger.layout
        self._pool, self._number = pool, number
        self._rows_end = layout.rows if rows is None else rows
        self._foreign_end = layout.rows + (layout.foreign_rows if foreign_rows is None else foreign_rows)
        self._wake = wake
        self._rows_of: tuple[dict[int, list[int]], ...] = tuple({} for _ in range(layout.out_places))
        self._links_on = [0] * (layout.rows + layout.foreign_rows)
        self._lent: set[int] = set()
        self._ended_loans: deque[int] = deque()
        self._given_loans: set[int] = set()  # those that a message names: a slot is published once
        self.freed = 0  # how many rows became free since the start; who waits for one looks whether it changed
        self._free: list[int] = []  # the one freed last is still in the cache
        self._free_foreign: list[int] = []
        self._unused: set[int] = set()  # free ones that nobody used since the last rest
        self._find_free()
        self._recovered = False
        self._passed_on: dict[int, Lease] = {}  # by foreign row: as long as the lease is here, nothing is returned
        self.let_go_of: Callable[[Kept], None] = lambda _: None  # called for what a predecessor passed on

    def _find_free(self) -> None:
        own, foreign = range(self._rows_end), range(self._layout.rows, self._foreign_end)
        self._free = [row for row in reversed(own) if not self._links_on[row]]
        self._free_foreign = [row for row in reversed(foreign) if not self._links_on[row]]

    # -- recovery

    def recover(self, column: int, head: int, evicted: int) -> None:
        """Take over what a link holds: all below ``head``, and not the message that was evicted last."""
        for row in range(len(self._links_on)):
            word = self._layout.hold_of(row, column)
            held = self._words[word]
            if held > head or held == evicted > 0:
                self._words[word] = 0  # never committed, or evicted: nobody saw it, nobody will
            elif held:
                self._note(row, column, held - 1)
        self._find_free()

    def end_recovery(self) -> None:
        """All that links hold is known: return the pages of free slots that they needed once and do not any more.

        From here on it is said when what a predecessor passed on is read no longer. What was found so before, the
        consumer's recovery returns, for it is not :meth:`kept`.
        """
        self._recovered = True
        if self._pool is not None:
            for row in range(self._rows_end, self._layout.rows):
                if not self._links_on[row]:
                    self._pool.give_back(row)

    def kept(self) -> list[Kept]:
        """The messages whose slots are kept for who reads them through this routine, one for each foreign row."""
        rows = range(self._layout.rows, len(self._links_on))
        return [self._kept_by(row) for row in rows if self._links_on[row]]

    # -- a slot of the own pool

    def place(self, length: int) -> tuple[int, int] | None:
        """Take a free slot of at least ``length`` bytes: its row and offset; None where there is none now.

        Raises:
            MessageTooLarge: it can never fit. SegmentError: no shared memory is left.
        """
        self._end_loans()
        assert self._pool is not None, "a routine with out-links to other flows has a pool"
        if not self._free:
            return None
        row = self._free[-1]
        offset = self._pool.place(row, length, self._free[:-1])
        if offset is None:
            return None
        self._free.pop()  # only now: a refusal must not cost a slot
        self._unused.discard(row)
        return row, offset

    def rest(self) -> None:
        """Give the pages of all slots back to the system that were not used since the last call."""
        if self._pool is None:
            return
        for row in self._unused:
            self._pool.give_back(row)
        self._unused = set(self._free)

    def put_back(self, row: int) -> None:
        """The slot that was taken last is not needed."""
        self._free.append(row)

    def memory(self, offset: int, length: int) -> ByteArray:
        """A slot's bytes, to be written."""
        assert self._pool is not None, "a routine with out-links to other flows has a pool"
        return self._pool.array[offset : offset + length]

    def lend(self, length: int) -> ByteArray | None:
        """A slot to be filled in place, shape ``(length,)`` uint8; None where none is free or large enough.

        It ends when the last view of it is collected; if it was published, its slot is free when its readers are done.
        """
        try:
            placed = self.place(length) if self._pool is not None and len(self._lent) < LOANS else None
        except MessageTooLarge:
            placed = None
        if placed is None or self._pool is None:
            return None
        (row, offset), ended, wake = placed, self._ended_loans, self._wake
        self._lent.add(row)
        self._given_loans.discard(row)

        def let_go() -> None:
            ended.append(row)
            wake()

        return Lease(
            self._pool.mapped,
            pool=self._number,
            routine=self._number,
            offset=offset,
            length=length,
            slot_bytes=length,
            owner=self,
            key=row,
            let_go=let_go,
            writable=True,
        ).array()

    def _end_loans(self) -> None:
        while self._ended_loans:
            row = self._ended_loans.popleft()
            self._lent.discard(row)
            self._free_if_unused(row)

    # -- holding

    @property
    def has_ended_loans(self) -> bool:
        """Whether a loan ended whose slot was not looked at since."""
        return bool(self._ended_loans)

    def may_pass_on(self, lease: Lease) -> bool:
        """Whether this loan can be published as it is; said once, for then it belongs to the message that names it."""
        if lease.owner is not self or lease.key in self._given_loans:
            return False
        self._given_loans.add(lease.key)
        return True

    def pass_on(self, leases: Sequence[Lease]) -> list[int] | None:
        """Rows for messages that are passed on, to be held at once; None where there are not enough."""
        if len(leases) > len(self._free_foreign):
            return None
        rows = []
        for lease in leases:
            row = self._free_foreign.pop()
            word, (link, sequence) = self._foreign(row), lease.key
            self._words[word + at.F_LINK], self._words[word + at.F_SEQUENCE] = link + 1, sequence
            self._words[word + at.F_ROUTINE] = lease.routine
            self._passed_on[row] = lease
            rows.append(row)
        return rows

    def hold(self, row: int, column: int, sequence: int) -> None:
        """A link holds the slot for this message."""
        self._words[self._layout.hold_of(row, column)] = sequence + 1
        self._note(row, column, sequence)

    def let_go(self, column: int, sequence: int) -> None:
        """The link holds the message's slots no longer. One that holds none is an old return said twice."""
        for row in self._rows_of[column].pop(sequence, ()):
            self._words[self._layout.hold_of(row, column)] = 0
            self._links_on[row] -= 1
            self._free_if_unused(row)

    def _free_if_unused(self, row: int) -> None:
        if self._links_on[row] or row in self._lent:
            return
        self.freed += 1
        if row < self._rows_end:
            self._free.append(row)
        elif row < self._layout.rows:
            if self._pool is not None:
                self._pool.give_back(row)  # a slot of when the links were deeper
        else:
            if row < self._foreign_end:
                self._free_foreign.append(row)
            if self._passed_on.pop(row, None) is None and self._recovered:
                self.let_go_of(self._kept_by(row))

    def _foreign(self, row: int) -> int:
        return self._layout.foreign + (row - self._layout.rows) * at.FOREIGN_WORDS

    def _kept_by(self, row: int) -> Kept:
        words, word = self._words, self._foreign(row)
        return Kept(words[word + at.F_ROUTINE], (words[word + at.F_LINK] - 1, words[word + at.F_SEQUENCE]))

    def _note(self, row: int, column: int, sequence: int) -> None:
        self._rows_of[column].setdefault(sequence, []).append(row)
        self._links_on[row] += 1

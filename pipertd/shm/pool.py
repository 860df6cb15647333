"""A routine's payload slots: one sparse segment, its pages reserved extent by extent as messages need them."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipertd.errors import MessageTooLarge
from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger
from pipertd.shm.segment import PAGE, map_read_only, map_writable, reserve

ByteArray = npt.NDArray[np.uint8]


class Mapped(NamedTuple):
    """A pool in this process's memory: all of its bytes, and where they begin."""

    array: ByteArray
    address: int


def _mapped(memory: mmap.mmap) -> Mapped:
    array: ByteArray = np.frombuffer(memory, np.uint8)
    return Mapped(array, array.__array_interface__["data"][0])


class Pool:
    """The writing side. A slot is a row of the ledger's row table: where its bytes lie, and how many there are.

    A slot that is free keeps its extent, so that frames of one size never move; one that is too small gives it up and
    takes a gap, and :meth:`give_back` returns its pages to the system. The row table is written before a slot is held,
    and read again only by a successor.
    """

    def __init__(self, fd: int, ledger: Ledger) -> None:
        self._fd = fd
        self._ledger = ledger
        self._layout = ledger.layout
        self._size = ledger.layout.pool_bytes
        self._memory = map_writable(fd)
        self.mapped = _mapped(self._memory)
        self.array = self.mapped.array

    def place(self, row: int, length: int, free_rows: list[int]) -> int | None:
        """Make the free slot ``row`` hold ``length`` bytes; returns its offset, None where there is no gap now.

        Raises:
            MessageTooLarge: it would not fit into an empty pool either.
            SegmentError: the system has no shared memory left, with the arithmetic.
        """
        words, base = self._ledger.words, self._layout.row_of(row)
        if words[base + at.R_CAPACITY] >= length:
            return int(words[base + at.R_OFFSET])
        capacity = _rounded(length)
        if capacity > self._size:
            raise MessageTooLarge(
                f"cannot publish {length} bytes: the routine's share of shm_limit is {self._size} bytes; raise it"
            )
        self._forget(row)
        offset = self._gap(capacity)
        if offset is None:
            for other in free_rows:
                self._forget(other)
            offset = self._gap(capacity)
        if offset is None:
            return None
        reserve(self._fd, offset, capacity)
        words[base + at.R_OFFSET] = offset
        words[base + at.R_CAPACITY] = capacity
        return offset

    def give_back(self, row: int) -> None:
        """Return the pages of a free slot to the system; its next message reserves some anew."""
        base = self._layout.row_of(row)
        offset, capacity = self._ledger.words[base + at.R_OFFSET], self._ledger.words[base + at.R_CAPACITY]
        if capacity:
            self._forget(row)  # first: a slot without its pages would be SIGBUS for whoever fills it
            self._memory.madvise(mmap.MADV_REMOVE, offset, capacity)

    def _forget(self, row: int) -> None:
        self._ledger.words[self._layout.row_of(row) + at.R_CAPACITY] = 0

    def _gap(self, capacity: int) -> int | None:
        """The lowest offset at which ``capacity`` bytes belong to no slot."""
        words = self._ledger.words
        taken = []
        for row in range(self._layout.rows):
            base = self._layout.row_of(row)
            if words[base + at.R_CAPACITY]:
                taken.append((words[base + at.R_OFFSET], words[base + at.R_CAPACITY]))
        end = 0
        for offset, size in sorted(taken):
            if offset - end >= capacity:
                break
            end = offset + size
        return end if self._size - end >= capacity else None


def _rounded(length: int) -> int:
    """Whole pages, with an eighth of the size as grain, so that sizes that vary a little reuse a slot."""
    grain = max(PAGE, 1 << max(0, length.bit_length() - 4))
    return -(-length // grain) * grain


class ReadPools:
    """The reading side: pools by their number in the pipeline, each mapped whole and read-only when it is first read.

    An array of a pool keeps its mapping, which nobody ever closes.
    """

    def __init__(self, fds: Mapping[int, int]) -> None:
        self._fds = fds
        self._mapped: dict[int, Mapped] = {}

    def __getitem__(self, pool: int) -> Mapped:
        """The pool, mapped; KeyError where it is none of a routine from which messages can come."""
        if pool not in self._mapped:
            self._mapped[pool] = _mapped(map_read_only(self._fds[pool]))
        return self._mapped[pool]

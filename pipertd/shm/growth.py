"""A link that comes when its run is on already: the daemon gives it a block at the end of either ledger.

Both flows are at rest, so nobody reads the new blocks before they are whole, and nobody holds their ledgers' locks.
Others who have mapped a ledger meanwhile go on with what they know of it: nothing of that moves.
"""

from __future__ import annotations

import os

from pipertd.errors import LedgerInUse
from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger
from pipertd.shm.segment import reserve


def add_out_link(fd: int, place: int, capacity: int) -> None:
    """Give an out-link its block, with a ring of so many entries.

    Raises:
        LedgerInUse: the flow lives. SegmentError: there is no shared memory for it.
    """
    ledger = Ledger(fd, writable=True)
    _add(ledger, ledger.layout.out_table + place, at.out_words(capacity), at.O_CAPACITY, capacity)


def add_in_link(fd: int, place: int, capacity: int) -> None:
    """Give an in-link its block, with place for so many returns.

    Raises:
        LedgerInUse: the flow lives. SegmentError: there is no shared memory for it.
    """
    ledger = Ledger(fd, writable=True)
    _add(ledger, ledger.layout.in_table + place, at.in_words(capacity), at.I_CAPACITY, capacity)


def _add(ledger: Ledger, table_word: int, words: int, capacity_word: int, capacity: int) -> None:
    if ledger.has_writer():
        raise LedgerInUse("cannot give a link its place: a process still writes the ledger")
    size = os.fstat(ledger.fd).st_size
    os.ftruncate(ledger.fd, size + words * at.WORD)
    reserve(ledger.fd, size, words * at.WORD)
    base, grown = size // at.WORD, Ledger(ledger.fd, writable=True).words
    grown[base + capacity_word] = capacity
    grown[table_word] = base  # last: the block belongs to nobody before its place names it

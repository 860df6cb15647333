"""Where every word of a ledger lies. The byte format of docs/data-plane.md, as code.

A ledger is one segment of aligned 8-byte words; only its routine's current generation writes to it. It is made by
:func:`format_ledger` and read by :func:`read_layout`, which takes every number from the header, so that a reader needs
nothing but the descriptor::

    header    magic, version, size, counts and the offset of every block below
    status    asleep, activity, heartbeat, counters, histograms           (status.py)
    commit    c, then two copies of {published, position, handled, in_link + 1, in_seq}
    count     k, then two copies of {acknowledged, counts of every in-link}
    window    per message in hand: {number + 1, link, attempts, deaths, entry}
    places    of out-links, then of in-links: at which word the link's block begins, or 0
    rows      per slot of the pool: offset and capacity in bytes
    hold      per row and place of an out-link: sequence + 1 of the message that lies there, or 0
    foreign   per row beyond the pool's: in_link + 1, in_seq and routine of a message that is passed on
    out-links {head, evicted, closed, rtail, counts of drops, capacity, ring of entries}
    in-links  {taken, rhead, capacity, counts of drops, attempts, deaths, ring of returned sequences}

The block of a link that comes when the ledger is in use already is appended at its end (growth.py); so whoever has
mapped the ledger finds everything that was there before where it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipertd.errors import LayoutMismatch

MAGIC = 0x3144_5452_4550_4950  # "PIPERTD1" in little-endian bytes
VERSION = 7
WORD = 8  # bytes
LINE = 8  # words: a cache line; every block starts on one of its own

# header
_MAGIC, _VERSION, _SIZE, _OUTS, _INS, _ROWS, _FOREIGN_ROWS, _POOL_BYTES = range(8)
_STATUS, _COMMIT, _COUNT, _OUT, _IN, _ROW_TABLE, _HOLD, _FOREIGN, _WINDOW, _HANDS = range(8, 18)
HEADER_WORDS = 32

# an entry of a ring: the envelope, where the payload lies, and a small payload itself
# E_SEQUENCE holds the number + 1, so that an entry never written is told from message 0
E_SEQUENCE, E_ORIGIN, E_POOL, E_ROW, E_OFFSET, E_LENGTH, E_BODY_OFFSET, E_BODY_LENGTH = range(8)
E_CAPTURED_NS, E_PUBLISHED_NS, E_KEEPS, E_TRACE_HIGH, E_TRACE_LOW, E_HOPS, E_WORDS = range(8, 15)
# E_KEEPS is how many rows of the hold table the message holds, for its own slot and for others; where there are any it
# must be returned. E_WORDS is how many words of the entry are in use
E_INLINE = 16
INLINE_BYTES = 1024
E_HOP_TABLE = E_INLINE + INLINE_BYTES // WORD  # behind the payload, so that who has no hops need not copy them
MAX_HOPS = 16
HOP_WORDS = 3
ENTRY_WORDS = E_HOP_TABLE + MAX_HOPS * HOP_WORDS
INLINE_ROW = (1 << 64) - 1  # E_ROW of a message that lies in its entry

# commit: C_HANDLED is the number of the first hand whose output is not out; behind it the message within the flow that
# the last output was made from
C_PUBLISHED, C_POSITION, C_HANDLED, C_IN_LINK, C_IN_SEQUENCE = range(5)
COMMIT_WORDS = 8

# count: N_ACKNOWLEDGED is the number of the first hand that is not acknowledged; behind it COUNT_WORDS of every in-link
N_ACKNOWLEDGED = 0
N_COUNTS = 8
N_DELIVERED, N_FAILED, N_QUARANTINED, N_STALE, N_OLDEST, N_NEWEST, N_DONE, N_UNLINKED, N_UNMATCHED = range(9)
COUNT_WORDS = 9
# how a message can end; N_DONE is no such count but, within a flow, the sequence + 1 of the last message that ended

# window: a message in hand. W_NUMBER is its number + 1, or that of the place's last message while the rest is written
W_NUMBER, W_LINK, W_ATTEMPTS, W_DEATHS = range(4)
W_ENTRY = 8
WINDOW_WORDS = W_ENTRY + ENTRY_WORDS

# an out-link's block
O_HEAD, O_EVICTED, O_CLOSED, O_RETURN_TAIL, O_DROPPED_NEWEST, O_TOO_LARGE, O_CONSUMER_STOPPED, O_CAPACITY = range(8)
# a message that is left out of this link: published + 1 of it, the count of drops with it, and which count that is
O_LEFT_PUBLISHED, O_LEFT_COUNT, O_LEFT_REASON = range(8, 11)
# what evicted will be with the next eviction, the count of drops with it, and which count that is
O_EVICTING, O_EVICTING_COUNT, O_DROPPED_OLDEST = range(11, 14)
# the `taken` at which a producer that sleeps for want of room is to be woken; NEVER where it sleeps for something else
O_WAKE_AT = 14
NEVER = (1 << 64) - 1
O_EVICTING_REASON, O_UNLINKED = 15, 16
O_RING = 24

# an in-link's block
# a link within the flow has no window: I_ATTEMPTS is of message taken - 1, I_DEATHS of message charged - 1
I_TAKEN, I_RETURN_HEAD, I_CAPACITY, I_STOPPED, I_ATTEMPTS, I_DEATHS, I_CHARGED = range(7)
I_RETURNS = 8

# a row of the row table
R_OFFSET, R_CAPACITY = range(2)
ROW_WORDS = 2
# a foreign row: in-link + 1 and number of the message, and the routine whose in-link it is
F_LINK, F_SEQUENCE, F_ROUTINE = range(3)
FOREIGN_WORDS = 4

# status words; the one that peers read for each message has a cache line to itself
S_ASLEEP = 0
S_ACTIVITY, S_SINCE_NS, S_HEARTBEAT_NS, S_GENERATION, S_KIND, S_THREAD = range(8, 14)
# the message that main_logic was called with last: its in-link + 1 and its number; or the one that was claimed last
S_WORK_LINK, S_WORK_SEQUENCE = 14, 15
NEWEST = 0
S_HANDLED, S_ERRORS, S_BUSY_NS, S_ERROR_LENGTH, S_FIRST_NS, S_LAST_NS = range(16, 22)
# how long after a message the routine, with all behind it, can take the next one; of a source: what it is held to
S_DEMAND_NS = 22
S_JOINS = 23  # 1 where it takes a message of each in-link at once
S_ERROR_TEXT = 24
ERROR_BYTES = 512
S_DURATIONS = S_ERROR_TEXT + ERROR_BYTES // WORD
HISTOGRAM_WORDS = 248
S_END_TO_END = S_DURATIONS + HISTOGRAM_WORDS
STATUS_WORDS = S_END_TO_END + HISTOGRAM_WORDS


@dataclass(frozen=True)
class Shape:
    """How large a ledger's blocks are.

    Args:
        out_capacities: how many entries the ring of every out-link has; 0 for one within the flow.
        in_capacities: the return ring of every in-link, see :func:`return_capacity`; 0 for one within the flow.
        hands: how many messages there is place for in the window.
        rows: slots that its pool may have.
        foreign_rows: rows beyond the pool's, for messages that are passed on.
        pool_bytes: how large its pool is.
        spare_places: how many out-links, and how many in-links, may come later.
    """

    out_capacities: Sequence[int] = ()
    in_capacities: Sequence[int] = ()
    hands: int = 1
    rows: int = 0
    foreign_rows: int = 0
    pool_bytes: int = 0
    spare_places: int = 0


@dataclass(frozen=True)
class OutLayout:
    """Word offsets of one out-link's block."""

    base: int
    capacity: int
    column: int

    def entry(self, sequence: int) -> int:
        """The first word of the entry that message ``sequence`` lies in."""
        return self.base + O_RING + sequence % self.capacity * ENTRY_WORDS


@dataclass(frozen=True)
class InLayout:
    """Word offsets of one in-link's block."""

    base: int
    capacity: int
    slot: int

    @property
    def within_flow(self) -> bool:
        """Whether its messages come by reference, so that nothing is ever returned."""
        return self.capacity == 0

    def returned(self, position: int) -> int:
        """The word of the return ring that the ``position``-th returned sequence lies in."""
        return self.base + I_RETURNS + position % self.capacity


@dataclass(frozen=True)
class Layout:
    """Word offsets of one ledger; of its places only those that have a link."""

    words: int
    out_places: int
    in_places: int
    out_table: int
    in_table: int
    rows: int
    foreign_rows: int
    pool_bytes: int
    status: int
    commit: int
    count: int
    window: int
    hands: int
    row_table: int
    hold: int
    foreign: int
    outs: tuple[OutLayout, ...]
    ins: tuple[InLayout, ...]

    def commit_copy(self, index: int) -> int:
        """The first word of commit copy 0 or 1."""
        return self.commit + LINE + index * COMMIT_WORDS

    def count_copy(self, index: int) -> int:
        """The first word of count copy 0 or 1."""
        return self.count + LINE + index * (N_COUNTS + self.in_places * COUNT_WORDS)

    @property
    def count_words(self) -> int:
        """How long a count record is by now."""
        return N_COUNTS + len(self.ins) * COUNT_WORDS

    def hand(self, number: int) -> int:
        """The first word of the window's slot that message ``number`` in hand lies in."""
        return self.window + number % self.hands * WINDOW_WORDS

    def hold_of(self, row: int, column: int) -> int:
        """The word that says whether out-link ``column`` holds ``row``."""
        return self.hold + row * self.out_places + column

    def holds_of(self, column: int) -> slice:
        """All words that say whether out-link ``column`` holds a row: own rows first, then those of others."""
        return slice(self.hold + column, self.hold_of(self.rows + self.foreign_rows, column), self.out_places)

    def row_of(self, row: int) -> int:
        """The first word of a slot's entry in the row table."""
        return self.row_table + row * ROW_WORDS


def return_capacity(producer_rows: int) -> int:
    """How many returns an in-link keeps: what a dead reader and its successor may both return, and never full."""
    return 2 * max(1, producer_rows)


def out_words(capacity: int) -> int:
    """How long the block of an out-link is."""
    return O_RING + capacity * ENTRY_WORDS


def in_words(capacity: int) -> int:
    """How long the block of an in-link is."""
    return -(-(I_RETURNS + capacity) // LINE) * LINE


def _whole_lines(words: int) -> int:
    return -(-words // LINE) * LINE


def _header(shape: Shape) -> list[int]:
    """The header's words; where it says that the ledger ends, the blocks of its links begin."""
    header = [0] * HEADER_WORDS
    header[_MAGIC], header[_VERSION] = MAGIC, VERSION
    outs, ins = (len(each) + shape.spare_places for each in (shape.out_capacities, shape.in_capacities))
    header[_OUTS], header[_INS] = outs, ins
    header[_ROWS], header[_FOREIGN_ROWS], header[_POOL_BYTES] = shape.rows, shape.foreign_rows, shape.pool_bytes
    header[_HANDS] = shape.hands
    sizes = {
        _STATUS: STATUS_WORDS,
        _COMMIT: LINE + 2 * COMMIT_WORDS,
        _COUNT: LINE + 2 * (N_COUNTS + ins * COUNT_WORDS),
        _WINDOW: shape.hands * WINDOW_WORDS,
        _OUT: outs,
        _IN: ins,
        _ROW_TABLE: shape.rows * ROW_WORDS,
        _HOLD: (shape.rows + shape.foreign_rows) * outs,
        _FOREIGN: shape.foreign_rows * FOREIGN_WORDS,
    }
    offset = HEADER_WORDS
    for block, size in sizes.items():
        header[block] = offset
        offset += _whole_lines(size)
    header[_SIZE] = offset
    return header


def ledger_bytes(shape: Shape) -> int:
    """How large a ledger of this shape is."""
    links = sum(map(out_words, shape.out_capacities)) + sum(map(in_words, shape.in_capacities))
    return (_header(shape)[_SIZE] + links) * WORD


def format_ledger(words: memoryview, shape: Shape) -> Layout:
    """Write the header and the blocks of its links into an all-zero ledger, the magic number last."""
    header = _header(shape)
    for table, capacity_word, size_of, capacities in (
        (header[_OUT], O_CAPACITY, out_words, shape.out_capacities),
        (header[_IN], I_CAPACITY, in_words, shape.in_capacities),
    ):
        for place, capacity in enumerate(capacities):
            words[table + place] = base = header[_SIZE]
            words[base + capacity_word] = capacity
            header[_SIZE] += size_of(capacity)
    for index in range(HEADER_WORDS - 1, -1, -1):
        words[index] = header[index]
    return read_layout(words)


def read_layout(words: memoryview) -> Layout:
    """The layout that a ledger's header describes.

    Raises:
        LayoutMismatch: it is no ledger, or one of another version.
    """
    if words[_MAGIC] != MAGIC or words[_VERSION] != VERSION:
        raise LayoutMismatch(
            f"cannot read a ledger: expected format {VERSION}, found magic {words[_MAGIC]:#x} version {words[_VERSION]}"
        )
    outs = [base for base in words[words[_OUT] : words[_OUT] + words[_OUTS]] if base]
    ins = [base for base in words[words[_IN] : words[_IN] + words[_INS]] if base]
    return Layout(
        words=words[_SIZE],
        out_places=words[_OUTS],
        in_places=words[_INS],
        out_table=words[_OUT],
        in_table=words[_IN],
        rows=words[_ROWS],
        foreign_rows=words[_FOREIGN_ROWS],
        pool_bytes=words[_POOL_BYTES],
        status=words[_STATUS],
        commit=words[_COMMIT],
        count=words[_COUNT],
        window=words[_WINDOW],
        hands=words[_HANDS],
        row_table=words[_ROW_TABLE],
        hold=words[_HOLD],
        foreign=words[_FOREIGN],
        outs=tuple(OutLayout(base, words[base + O_CAPACITY], column) for column, base in enumerate(outs)),
        ins=tuple(InLayout(base, words[base + I_CAPACITY], slot) for slot, base in enumerate(ins)),
    )

"""A link as somebody sees it who is neither of its ends: copy first, then look whether it was still there.

The tap takes no slot, holds no guard, rings no bell and stores no word, so nobody waits for it and nobody knows of it.
What it copies may change under it. It is believed only if a look *behind* the copy finds that it cannot have:

1. The entry of message s lies at ring[s % capacity] until message s + capacity is written over it, and its producer
   begins that behind the store of head = s + capacity. So: copy the entry, **then** load head; below s + capacity the
   copy is whole. The entry's own sequence would not do: it is written last, over words that are another's by then.
2. A slot of message s is written again when it is free, which it is behind the store of 0 into its hold on this link;
   and no hold becomes s + 1 once head is above s. So: copy the slot, **then** load the holds. As many are s + 1 as the
   entry says that the message keeps, or one is gone for good. If all are there, all were there all along, and so were
   the bytes: of its own slot, of loans, and of messages upstream that it passes on, for these are not returned before
   the foreign row is free. No crash changes that: a successor lets go in the same words, and uses nothing before.

Both need that loads are made in the order of the program, and that stores are seen in the order in which the producer
made them. x86-64 gives both, but that the stores of a large memcpy may overtake older ones. Between the store that
frees a slot and the first byte that is written into it the producer's interpreter runs for microseconds, in which a
store buffer drains many times over: the reasoning of docs/adr/0008. 64-bit ARM needs a fence between a copy and the
look behind it, as all of the data plane needs fences there; it is not supported yet.

Pools are not mapped: ``preadv`` copies in the kernel, which finds zeros where pages were given back meanwhile. A load
through a map would have the kernel make a page there, on nobody's account, or be SIGBUS where there is no memory left.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from pipertd.errors import MessageError
from pipertd.shm import layout as at
from pipertd.shm.codec import Decoder
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import ByteArray

MOST_COPIED_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Passed:
    """A message that passed, in memory of the tap's own.

    Attributes:
        sequence: its number on the link.
        captured_ns: when it was captured, on the monotonic clock.
        length: how long it is in shared memory, in bytes.
        content: the message as a routine would get it; None where it was not copied.
        omitted: why it was not copied.
    """

    sequence: int
    captured_ns: int
    length: int
    content: Any = None
    omitted: str = ""


class TappedLink:
    """One out-link of a producer, by descriptors that are open for reading."""

    def __init__(self, ledger: Ledger, column: int, pools: Mapping[int, int]) -> None:
        """``ledger`` is the producer's, mapped read-only; ``pools`` are descriptors, by the number of their routine."""
        layout = ledger.layout
        self._words, self._bytes, self._out = ledger.words, ledger.bytes, layout.outs[column]
        self._head = self._out.base + at.O_HEAD
        self._holds = [layout.hold_of(row, column) for row in range(layout.rows + layout.foreign_rows)]
        self._pools = pools
        self._decoder = Decoder()
        self._copied_bytes = 0
        self.overtaken = 0  # how many messages were copied and thrown away

    @property
    def head(self) -> int:
        """How many messages have passed in this run."""
        return int(self._words[self._head])

    def read(self, sequence: int) -> Passed | None:
        """Message ``sequence``, which has passed; None where it is gone, or was overtaken while it was copied."""
        entry = self._copied_entry(sequence)
        if entry is None or not self._is_held(sequence, entry):
            return None
        self._copied_bytes = 0
        try:
            payload = self._copied_payload(entry)
            if not self._is_held(sequence, entry):
                self.overtaken += 1
                return None
            content, omitted = self._decoder.decode(payload, entry[at.E_BODY_OFFSET], self._copied), ""
        except (MessageError, msgspec.MsgspecError) as reason:
            content, omitted = None, str(reason)
        if not self._is_held(sequence, entry):  # the arrays that it passes on were copied while it was decoded
            self.overtaken += 1
            return None
        length = max(self._copied_bytes, int(entry[at.E_LENGTH]))
        return Passed(sequence, int(entry[at.E_CAPTURED_NS]), length, content, omitted)

    def _copied_entry(self, sequence: int) -> memoryview | None:
        start = self._out.entry(sequence) * at.WORD
        entry = memoryview(bytes(self._bytes[start : start + at.ENTRY_WORDS * at.WORD])).cast("Q")
        return entry if self.head < sequence + self._out.capacity else None

    def _is_held(self, sequence: int, entry: memoryview) -> bool:
        """Whether every slot of the message is held still; once it is not, it never is again."""
        keeps, words, held = entry[at.E_KEEPS], self._words, sequence + 1
        return not keeps or sum(words[hold] == held for hold in self._holds) == keeps

    def _copied_payload(self, entry: memoryview) -> ByteArray | bytes:
        length = entry[at.E_LENGTH]
        if entry[at.E_ROW] == at.INLINE_ROW:
            start = at.E_INLINE * at.WORD
            self._copied_bytes += length
            return entry.cast("B")[start : start + length].tobytes()
        return self._copied(entry[at.E_POOL], entry[at.E_OFFSET], length)

    def _copied(self, pool: int, offset: int, length: int, _slot_bytes: int = 0) -> ByteArray:
        """Bytes of a pool, shape ``(length,)`` uint8; MessageError where they cannot be had."""
        self._copied_bytes += length
        if self._copied_bytes > MOST_COPIED_BYTES:
            raise MessageError(f"it is longer than {MOST_COPIED_BYTES} bytes, and so much is copied at most")
        if pool not in self._pools:
            raise MessageError("it passes on an array of a routine that was linked after the tap began: begin anew")
        copy = np.empty(length, np.uint8)
        if os.preadv(self._pools[pool], [copy.data], offset) != length:
            raise MessageError("its slot ends before it does; this is a bug in pipertd")
        return copy

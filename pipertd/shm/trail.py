"""What a message brings along of where it has been: its trace context, and a hop for each routine that it came through.

A routine that makes a message of another one adds a hop: its number in the pipeline, when it began and when its output
was published. A message keeps its last sixteen; how many there were in all is counted.

Source: hops after NVIDIA Holoscan's data flow tracking; the trace context is the trace-id of W3C Trace Context.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from pipertd.errors import MessageError
from pipertd.shm import layout as at

_HOPS = [struct.Struct(f"{at.HOP_WORDS * count}Q") for count in range(at.MAX_HOPS + 1)]
TRACE_BYTES = 16


class Trail(NamedTuple):
    """Trace context as two words, the number of hops in all, and the words of the last of them.

    The last hop of a message that is not published yet is open: its end is missing.
    """

    trace_high: int = 0
    trace_low: int = 0
    hop_count: int = 0
    hops: tuple[int, ...] = ()

    def entered(self, routine: int, began_ns: int) -> Trail:
        """The trail with a hop more, which ends when the message is published."""
        kept = self.hops[-(at.MAX_HOPS - 1) * at.HOP_WORDS :]
        return Trail(self.trace_high, self.trace_low, self.hop_count + 1, (*kept, routine, began_ns))

    def left(self, now_ns: int) -> Trail:
        """The trail with its open hop ended; the same if it has none."""
        return self._replace(hops=(*self.hops, now_ns)) if len(self.hops) % at.HOP_WORDS else self


NO_TRAIL = Trail()


def trace_of(context: bytes) -> Trail:
    """The trail of a message that begins with a trace context of 16 bytes; MessageError where it has not so many."""
    if not isinstance(context, bytes) or len(context) != TRACE_BYTES:
        raise MessageError(f"cannot send trace_context {context!r}: it is {TRACE_BYTES} bytes, or none")
    return Trail(int.from_bytes(context[:8], "big"), int.from_bytes(context[8:], "big"))


def context_of(trail: Trail) -> bytes:
    """The trace context as 16 bytes; empty where there is none."""
    high, low = trail.trace_high, trail.trace_low
    return high.to_bytes(8, "big") + low.to_bytes(8, "big") if high or low else b""


def packed(hops: tuple[int, ...]) -> bytes:
    """Whole hops as they lie in an entry."""
    return _HOPS[len(hops) // at.HOP_WORDS].pack(*hops)


def read_trail(words: memoryview, entry: int) -> Trail:
    """The trail in an entry that begins at this word."""
    count = words[entry + at.E_HOPS]
    table = entry + at.E_HOP_TABLE
    hops = tuple(words[table : table + min(count, at.MAX_HOPS) * at.HOP_WORDS]) if count else ()
    return Trail(words[entry + at.E_TRACE_HIGH], words[entry + at.E_TRACE_LOW], count, hops)

"""Whether two recordings of a command say the same, but for what is another each time."""

from __future__ import annotations

import re

_ALIKE = [
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?", "TIME"),
    (r"\b\d\d:\d\d:\d\d(\.\d+)?\b", "TIME"),
    (r"[█░]+", "BAR"),
    (r"\b(0x)?[0-9a-f]{8,}\b", "ID"),
    (r"\b(IDLE|WORKING|HANDLING|BLOCKED|DECLARED)\b", "STATE"),  # of a routine, at this moment
    (r"\b(BACKING_OFF|STARTING)\b", "COMING"),  # of a flow, for a tenth of a second
    (r"^left out for want of room.*\n", ""),  # so wide are numbers
    (r"\b(BYTES|OLDEST|LEASED|PRESSURE)\b", ""),  # columns that come and go with what they hold
    (r"\bsudo ", ""),
    (r", \d+ skipped", ""),  # by a tap, which looks as often as it can
    (r"(?<!\S)-(?=\d)", ""),
    (r"\d+(\.\d+)?(e[+-]\d+)?", "0"),
    (r"0 ?(µs|ms|s|min|h)\b", "0 s"),
    (r"0( s|%| ?[KMGT]|/s)(?!\w)", "0"),
    (r"(?<=\s)-(?=\s|$)", "0"),  # nothing yet
    (r"0 of 0", "0"),
    (r"[ \t]+", " "),
    (r"0( 0)+(?= |$)", "0"),
]


def alike(printed: str) -> list[str]:
    """The lines with numbers, times, and the room that they take, all the same."""
    for pattern, word in _ALIKE:
        printed = re.sub(pattern, word, printed, flags=re.MULTILINE)
    return [line.strip() for line in printed.splitlines()]

"""A routine's status words: what it does now, signs of life, counters and histograms. Its own thread writes them.

They outlive their writer: the last word of a dead routine is still there to be read.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from pipertd.clock import NS
from pipertd.shm import layout as at
from pipertd.shm.histogram import bucket_of, quantile_s
from pipertd.shm.ledger import Ledger

KINDS = ("", "source", "middle", "destination")


class Activity(IntEnum):
    """What a routine does at this moment."""

    NONE = 0
    SETUP = 1
    WORKING = 2  # in main_logic
    IDLE = 3  # waits for input or for its pace; ticks at least once a second
    DECLARED = 4  # inside `with self.waiting()`: may block for as long as it likes
    PAUSED = 5
    CLEANUP = 6
    ENDED = 7  # the stream is over
    STOPPED = 8  # told to stop, and did
    FAILED = 9
    DECLARED_IN_SETUP = 10  # as DECLARED, and not set up yet
    BLOCKED = 11  # waits for room on a link, or for a slot; ticks as when it is IDLE
    BEGINNING = 12  # a new generation, which puts right what the last one left
    HANDLING = 14  # in an event handler
    AWAITS_DONE = 13  # its author has to acknowledge a message before it can take another; ticks as when it is IDLE

    RESTING = 15  # not set up: it begins when it hears ``start``
    RESTED = 16  # told to stop with its flow, and was at rest

    @property
    def over(self) -> bool:
        """Whether this generation of the routine is done."""
        return self in (Activity.ENDED, Activity.STOPPED, Activity.FAILED, Activity.RESTED)


# What a routine that works on demand did last, if its next generation is not to begin by itself.
AT_REST = (Activity.NONE, Activity.RESTING, Activity.RESTED)


class StatusWriter:
    """The routine's own side; ``activity`` is what it said last."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._words = words = ledger.words
        self._base = base = ledger.layout.status
        self.activity = Activity.NONE
        # Written for every message, and by nobody else: what is known is not looked up or read again.
        self._since_word, self._activity_word = base + at.S_SINCE_NS, base + at.S_ACTIVITY
        self._last_word, self._handled_word = base + at.S_LAST_NS, base + at.S_HANDLED
        self._busy_word = base + at.S_BUSY_NS
        self._durations, self._end_to_end = base + at.S_DURATIONS, base + at.S_END_TO_END
        self._handled, self._busy_ns = int(words[self._handled_word]), int(words[self._busy_word])
        self._last_ns = int(words[self._last_word])

    def begin(self, kind: str, generation: int, *, rests: bool = False) -> None:
        """A new generation of a routine of this kind is here. Its thread says :meth:`lives_on` when it runs.

        What the last generation did goes first: it must not pass for what this one does. Only that it came to the end
        of its stream is still true; and one that ``rests`` is there at once.
        """
        before = Activity(self._words[self._activity_word])
        present = Activity.RESTING if rests else Activity.BEGINNING
        self.enter(before if before is Activity.ENDED else present)
        words, base = self._ledger.words, self._base
        words[base + at.S_KIND] = KINDS.index(kind)
        words[base + at.S_GENERATION] = generation
        words[base + at.S_ERROR_LENGTH] = 0

    def lives_on(self, thread: int) -> None:
        """The routine's thread has this identifier; a traceback names it by that."""
        self._words[self._base + at.S_THREAD] = thread

    def enter(self, activity: Activity) -> int:
        """Do something else, or the same anew: a sign of life. Returns the time in nanoseconds."""
        words, now_ns = self._words, time.monotonic_ns()
        words[self._since_word] = now_ns  # first: the new activity has not lasted for as long as the old one
        if activity is not self.activity:
            self.activity = activity
            words[self._activity_word] = activity
        return now_ns

    def beat(self) -> None:
        """Still alive, still at the same."""
        self._ledger.words[self._base + at.S_HEARTBEAT_NS] = time.monotonic_ns()

    def ran(self, began_ns: int) -> None:
        """``main_logic`` ran once."""
        words = self._words
        self._last_ns = ended_ns = time.monotonic_ns()
        duration_ns = ended_ns - began_ns
        if not self._handled:
            words[self._base + at.S_FIRST_NS] = ended_ns
        self._handled += 1
        self._busy_ns += duration_ns
        words[self._last_word] = ended_ns
        words[self._handled_word] = self._handled
        words[self._busy_word] = self._busy_ns
        words[self._durations + bucket_of(duration_ns)] += 1

    def failed(self) -> None:
        """``main_logic`` raised, or what it returned could not be published."""
        self._ledger.words[self._base + at.S_ERRORS] += 1

    def arrived(self, captured_ns: int) -> None:
        """A destination has just handled a message that was captured then, on the monotonic clock."""
        self._words[self._end_to_end + bucket_of(self._last_ns - captured_ns)] += 1

    def demands(self, period_ns: int) -> None:
        """The routine, with all behind it, can take a message so long after the last one; 0 where it does not say."""
        self._words[self._base + at.S_DEMAND_NS] = period_ns

    def joins(self, joins: bool) -> None:
        """Whether the routine takes a message of each in-link at once."""
        self._words[self._base + at.S_JOINS] = joins

    def said(self, error: str) -> None:
        """Keep the last error's text, cut to what fits."""
        text = error.encode("utf-8", "replace")[: at.ERROR_BYTES]
        base = self._base + at.S_ERROR_TEXT
        self._ledger.words[self._base + at.S_ERROR_LENGTH] = 0
        self._ledger.bytes[base * at.WORD : base * at.WORD + len(text)] = text
        self._ledger.words[self._base + at.S_ERROR_LENGTH] = len(text)


@dataclass(frozen=True)
class RoutineFacts:
    """A routine's status words, read by somebody else; each may lag behind the others.

    ``since_s`` is when it last began something and ``heartbeat_s`` its last sign of life, both on the monotonic clock;
    ``thread`` identifies its thread within its process; ``busy_s`` is the time spent in ``main_logic``, ``span_s`` that
    between its first return and its last; ``demand_s`` is how long after a message it can take the next one, of a
    source the period that it is held to, and 0 where it does not say.
    """

    kind: str
    activity: Activity
    since_s: float
    heartbeat_s: float
    generation: int
    thread: int
    handled: int
    failed: int
    busy_s: float
    span_s: float
    durations: Sequence[int]
    error: str
    demand_s: float = 0.0

    def quantile_s(self, share: float) -> float | None:
        """The time in ``main_logic`` that this share of its calls did not exceed; None where there was none."""
        return quantile_s(self.durations, share)


def read_status(ledger: Ledger) -> RoutineFacts:
    """What a routine last said of itself."""
    words, base = ledger.words, ledger.layout.status
    durations = bytes(words[base + at.S_DURATIONS : base + at.S_DURATIONS + at.HISTOGRAM_WORDS])
    text = (base + at.S_ERROR_TEXT) * at.WORD
    error = bytes(ledger.bytes[text : text + min(words[base + at.S_ERROR_LENGTH], at.ERROR_BYTES)])
    return RoutineFacts(
        kind=KINDS[words[base + at.S_KIND]],
        activity=Activity(words[base + at.S_ACTIVITY]),
        since_s=words[base + at.S_SINCE_NS] / NS,
        heartbeat_s=max(words[base + at.S_HEARTBEAT_NS], words[base + at.S_SINCE_NS]) / NS,
        generation=words[base + at.S_GENERATION],
        thread=words[base + at.S_THREAD],
        handled=words[base + at.S_HANDLED],
        failed=words[base + at.S_ERRORS],
        busy_s=words[base + at.S_BUSY_NS] / NS,
        span_s=(words[base + at.S_LAST_NS] - words[base + at.S_FIRST_NS]) / NS,
        durations=memoryview(durations).cast("Q"),
        error=error.decode("utf-8", "replace"),
        demand_s=words[base + at.S_DEMAND_NS] / NS,
    )


def read_end_to_end(ledger: Ledger) -> list[int]:
    """The counts of a destination's end-to-end histogram."""
    base = ledger.layout.status + at.S_END_TO_END
    return ledger.words[base : base + at.HISTOGRAM_WORDS].tolist()

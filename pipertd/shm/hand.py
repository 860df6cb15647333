"""The hand record: which message a routine has taken and not acknowledged, and the counts of its in-links.

It is wider than a word, so it has two copies and the index word **k**: what is to hold next is written into the copy
that does not hold, and the store of k makes it so. A crash before that store leaves the old record, whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger


@dataclass(frozen=True)
class Taken:
    """A message in hand: which one, and what its entry says. Times are on the monotonic clock."""

    slot: int
    sequence: int
    attempt: int
    origin: int
    captured_ns: int
    published_ns: int


class HandRecord:
    """The writing side; whoever reads it uses :meth:`Ledger.hand_word`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._layout = ledger.layout

    @property
    def entry(self) -> int:
        """The first word of the record's copy of the message's entry."""
        return self._layout.hand_copy(self._ledger.words[self._layout.hand]) + at.H_ENTRY

    def claim(self, slot: int, sequence: int, attempts: int, entry: memoryview) -> Taken:
        """Have this message in hand; ``entry`` is its entry on the link."""
        other = self._carry(at.H_COUNTS, len(self._layout.ins) * at.COUNT_WORDS)
        words = self._ledger.words
        words[other + at.H_STATE] = at.IN_HAND
        words[other + at.H_LINK] = slot
        words[other + at.H_SEQUENCE] = sequence
        words[other + at.H_ATTEMPTS] = attempts
        words[other + at.H_DEATHS] = 0
        words[other + at.H_ENTRY : other + at.H_ENTRY + at.ENTRY_WORDS] = entry
        self._hold()
        return self.read()

    def try_again(self) -> Taken:
        """Have the same message in hand, with one attempt more."""
        other = self._carry(0, self._layout.hand_words)
        self._ledger.words[other + at.H_ATTEMPTS] += 1
        self._hold()
        return self.read()

    def settle(self, count: int | None) -> None:
        """Have nothing in hand, and count the message; its attempts stay, to know it again if it comes again."""
        other = self._carry(0, self._layout.hand_words)
        words = self._ledger.words
        words[other + at.H_STATE] = at.IDLE
        if count is not None:
            words[other + at.H_COUNTS + words[other + at.H_LINK] * at.COUNT_WORDS + count] += 1
        self._hold()

    def read(self) -> Taken:
        """What is in hand."""
        words = self._ledger.words
        hand = self._layout.hand_copy(words[self._layout.hand])
        entry = hand + at.H_ENTRY
        return Taken(
            slot=words[hand + at.H_LINK],
            sequence=words[hand + at.H_SEQUENCE],
            attempt=words[hand + at.H_ATTEMPTS],
            origin=words[entry + at.E_ORIGIN],
            captured_ns=words[entry + at.E_CAPTURED_NS],
            published_ns=words[entry + at.E_PUBLISHED_NS],
        )

    def _carry(self, field: int, size: int) -> int:
        """Copy words into the copy that does not hold, and return where that copy begins."""
        words, current = self._ledger.words, self._ledger.words[self._layout.hand]
        here, other = self._layout.hand_copy(current), self._layout.hand_copy(1 - current)
        words[other + field : other + field + size] = words[here + field : here + field + size]
        return other

    def _hold(self) -> None:
        words = self._ledger.words
        words[self._layout.hand] = 1 - words[self._layout.hand]

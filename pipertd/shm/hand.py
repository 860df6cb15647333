"""What a routine has in hand: messages taken and not acknowledged, and the counts of its in-links.

A message is written into the window, its number last, and then claimed by ``taken``. Acknowledging it is a fact wider
than a word (which hand is acknowledged, and the count of it), so that has two copies and the index word **k**: the next
record is written into the copy that is not in force, and the store of k makes it so. A crash before that store leaves
the old record, whole.

Messages that come by reference within the flow die with it, so they need no window: their link's own words say how
often the last one was tried, and the record says which one ended last.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger


@dataclass(slots=True, eq=False)
class Taken:
    """A message in hand; valid until it is acknowledged, for then its place in the window goes to another one.

    ``number`` counts the routine's hands, ``entry`` is the word at which its entry begins in the own ledger; both are
    -1 for a message that came by reference. ``keeps`` is how many slots it holds; where there are any it has to be
    returned. ``deaths`` are those of its routine's process that were laid to its charge. ``captured_ns`` is on the
    monotonic clock.
    """

    slot: int
    sequence: int
    attempt: int = 1
    captured_ns: int = 0
    number: int = -1
    entry: int = -1
    keeps: int = 0
    deaths: int = 0


class Cause(NamedTuple):
    """What an output was made from, as it is committed with it: then that input is not run again.

    ``handled`` is the number of the first hand whose output is not out. ``link`` and ``sequence`` name a message within
    the flow; the link is -1 where it is none.
    """

    handled: int = 0
    link: int = -1
    sequence: int = 0


NO_CAUSE = Cause()


class Hands:
    """The writing side; whoever reads uses :class:`Ledger`."""

    def __init__(self, ledger: Ledger, most: int | None = None) -> None:
        """``most`` is how many messages may be in hand at once; as many as the window has places, if not said."""
        self._ledger = ledger
        self._layout = layout = ledger.layout
        self._record = struct.Struct(f"{layout.count_words}Q")
        self._record_bytes, self._index = self._record.size, layout.count
        # Nobody else writes these words, so what is written need not be read again.
        self._current = ledger.words[layout.count]
        copy = layout.count_copy(self._current)
        self._facts = [int(word) for word in ledger.words[copy : copy + layout.count_words]]
        self._most = layout.hands if most is None else most
        self._next = self.acknowledged
        self._own, self._bytes = ledger.words, ledger.bytes
        # What each place of the window says; no message is taken into one before the one that it held is acknowledged.
        self._places = [Taken(-1, 0, entry=layout.hand(number) + at.W_ENTRY) for number in range(layout.hands)]
        self._lagging = -1  # the one count by which the copy not in force is behind; -1 where it may be by more
        self._works_on_newest = False
        self._work_link, self._work_sequence = layout.status + at.S_WORK_LINK, layout.status + at.S_WORK_SEQUENCE
        self._taken = [link.base + at.I_TAKEN for link in layout.ins]
        self._copies = [layout.count_copy(index) for index in (0, 1)]

    @property
    def acknowledged(self) -> int:
        """The number of the first hand that is not acknowledged."""
        return self._facts[at.N_ACKNOWLEDGED]

    @property
    def full(self) -> bool:
        """Whether as many messages are in hand as may be."""
        return self._next - self._facts[at.N_ACKNOWLEDGED] >= self._most

    def left(self) -> Iterator[Taken]:
        """What a predecessor had in hand, the oldest first; one that ended is to be acknowledged before the next."""
        words = self._ledger.words
        for hand in list(self._ledger.hands()):
            self._next += 1
            taken = self._places[(words[hand + at.W_NUMBER] - 1) % len(self._places)]
            taken.slot, taken.sequence = words[hand + at.W_LINK], words[taken.entry + at.E_SEQUENCE] - 1
            taken.attempt, taken.deaths = words[hand + at.W_ATTEMPTS], words[hand + at.W_DEATHS]
            taken.number, taken.keeps = words[hand + at.W_NUMBER] - 1, words[taken.entry + at.E_KEEPS]
            taken.captured_ns = words[taken.entry + at.E_CAPTURED_NS]
            yield taken

    def forget_void(self) -> None:
        """Have nobody believe a hand that was written and never claimed; after :meth:`left`.

        The next claim goes into its place, which has that claim's number already: a crash in the middle of it would
        leave a hand that looks whole.
        """
        for number in range(self._next, self.acknowledged + len(self._places)):
            word = self._layout.hand(number) + at.W_NUMBER
            if self._own[word] == number + 1:
                self._own[word] = 0

    def claim(self, slot: int, sequence: int, entry: memoryview) -> Taken:
        """Have the next message of an in-link in hand; ``entry`` is what its entry on the link has of words."""
        number, words = self._next, self._own
        taken = self._places[number % len(self._places)]
        start = taken.entry
        hand = start - at.W_ENTRY
        words[start : start + len(entry)] = entry
        if taken.slot != slot or taken.attempt != 1 or taken.deaths:  # else the place says so since its last message
            words[hand + at.W_LINK], words[hand + at.W_ATTEMPTS], words[hand + at.W_DEATHS] = slot, 1, 0
            taken.slot, taken.attempt, taken.deaths = slot, 1, 0
        words[hand + at.W_NUMBER] = number + 1  # last: what is written above is no hand before its number is there
        words[self._taken[slot]] = sequence + 1
        if not self._works_on_newest:
            words[self._work_link], self._works_on_newest = at.NEWEST, True
        self._next = number + 1
        taken.sequence, taken.number = sequence, number
        taken.keeps, taken.captured_ns = words[start + at.E_KEEPS], words[start + at.E_CAPTURED_NS]
        return taken

    def claim_by_reference(self, slot: int, sequence: int, captured_ns: int) -> Taken:
        """Have a message from within the flow in hand; one that comes again after a crash has an attempt more."""
        words, base = self._ledger.words, self._layout.ins[slot].base
        taken, attempt = words[base + at.I_TAKEN], 1
        if sequence < taken:
            attempt = words[base + at.I_ATTEMPTS] + 1 if sequence == taken - 1 else 2
        if sequence >= taken - 1:
            words[base + at.I_ATTEMPTS] = attempt
            words[base + at.I_TAKEN] = sequence + 1
        deaths = words[base + at.I_DEATHS] if words[base + at.I_CHARGED] == sequence + 1 else 0
        claimed = Taken(slot, sequence, attempt, captured_ns, deaths=deaths)
        self.work_on(claimed)
        return claimed

    def work_on(self, taken: Taken) -> None:
        """Note which message ``main_logic`` is called with next, where it is not the one that was claimed last."""
        self._own[self._work_link], self._own[self._work_sequence] = taken.slot + 1, taken.sequence
        self._works_on_newest = False

    def try_again(self, taken: Taken) -> None:
        """Count one attempt more of a message in hand."""
        base = self._layout.ins[taken.slot].base
        word = self._layout.hand(taken.number) + at.W_ATTEMPTS if taken.number >= 0 else base + at.I_ATTEMPTS
        taken.attempt += 1
        self._ledger.words[word] = taken.attempt

    def acknowledge(self, taken: Taken, ending: int) -> None:
        """Acknowledge the oldest message in hand of its kind: ``ending`` is the count that it goes to."""
        facts, count = self._facts, at.N_COUNTS + taken.slot * at.COUNT_WORDS + ending
        facts[count] += 1
        if taken.number < 0:
            facts[at.N_COUNTS + taken.slot * at.COUNT_WORDS + at.N_DONE] = taken.sequence + 1
            self._store()
            return
        facts[at.N_ACKNOWLEDGED] = taken.number + 1
        if count != self._lagging:
            self._store()
            self._lagging = count
            return
        words, current = self._own, 1 - self._current
        copy = self._copies[current]
        words[copy + at.N_ACKNOWLEDGED], words[copy + count] = taken.number + 1, facts[count]
        words[self._index] = self._current = current

    def count_dropped(self, slot: int, last: int, count: int, ending: int) -> None:
        """Count messages that a link within the flow dropped, ``last`` being the last of them."""
        self._facts[at.N_COUNTS + slot * at.COUNT_WORDS + ending] += count
        self._facts[at.N_COUNTS + slot * at.COUNT_WORDS + at.N_DONE] = last + 1
        self._store()

    def let_all_go(self, heads: Sequence[int]) -> None:
        """Have nothing in hand any more; whoever calls it counts what that was, and what waits.

        ``heads`` are, by in-link, how many messages were given on it. Within the flow all of them are done with, those
        that nobody took as well: else whoever reads ``taken`` would have them in hand for ever. The same goes for a
        hand that was written and never claimed, once ``taken`` is behind it.
        """
        left = sum(1 for _ in self.left())
        self.forget_void()
        self._facts[at.N_ACKNOWLEDGED] += left
        for slot, head in enumerate(heads):
            done = at.N_COUNTS + slot * at.COUNT_WORDS + at.N_DONE
            if self._layout.ins[slot].within_flow:
                self._facts[done] = max(self._facts[done], head)
        self._store()

    def ended(self, slot: int) -> int:
        """How far the messages from within the flow are acknowledged: the first one that is not."""
        return self._facts[at.N_COUNTS + slot * at.COUNT_WORDS + at.N_DONE]

    def _store(self) -> None:
        self._current = 1 - self._current
        copy = self._copies[self._current] * at.WORD
        self._bytes[copy : copy + self._record_bytes] = self._record.pack(*self._facts)
        self._own[self._index] = self._current
        self._lagging = -1


def charge(ledger: Ledger) -> bool:
    """Lay a death of the process to the charge of the message that the routine worked on; False where none was in hand.

    Only for the ledger's writer: the routine itself, which is about to fail the flow, or its successor.
    """
    words, layout = ledger.words, ledger.layout
    link, sequence = words[layout.status + at.S_WORK_LINK], words[layout.status + at.S_WORK_SEQUENCE]
    hands = list(ledger.hands())
    if link == at.NEWEST:
        for hand in hands[-1:]:
            words[hand + at.W_DEATHS] += 1
        return bool(hands)
    slot = link - 1
    base = layout.ins[slot].base
    if layout.ins[slot].within_flow:
        if sequence < ledger.count(slot, at.N_DONE):
            return False
        if words[base + at.I_CHARGED] != sequence + 1:
            words[base + at.I_DEATHS] = 0  # first: what another message was charged with is not this one's
            words[base + at.I_CHARGED] = sequence + 1
        words[base + at.I_DEATHS] += 1
        return True
    for hand in hands:
        if words[hand + at.W_LINK] == slot and words[hand + at.W_ENTRY + at.E_SEQUENCE] == sequence + 1:
            words[hand + at.W_DEATHS] += 1
            return True
    return False

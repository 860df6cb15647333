"""How a routine waits for news from its peers, and how they wake it.

Truth is in the words, a bell is a hint: check, then sleep; store, then ring. A sleeper says so in its word ``asleep``,
which is 0 while it is awake and else the number of the sleep; a peer that has news rings once for each sleep.

A peer stores its news, then loads ``asleep``; the sleeper stores ``asleep``, then looks for news. The processor may let
either load overtake the store before it, and then both sides miss each other. A fence on both would forbid it, and cost
each message about a third of a microsecond. Instead the sleeper looks again after a nap, when both stores must long be
seen: what was missed is found then, and nobody pays for it but who idles.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pipertd.shm import bell
from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger

SPIN_NS = 50_000  # about what it takes to sleep and to be woken
NAP_S = 0.001  # far longer than any store needs to be seen by all, and the shortest that poll can do


class Sleeper:
    """The routine's own side."""

    def __init__(self, ledger: Ledger, own_bell: bell.Bell) -> None:
        self._words, self._asleep = ledger.words, ledger.layout.status + at.S_ASLEEP
        self._bell = own_bell
        self._spins = False

    def sleep_unless(self, news: Callable[[], bool], timeout_s: float) -> None:
        """Wait until the bell rings or there is news, at most ``timeout_s``."""
        if self._spins and self._spin(news):
            return
        began_ns = time.monotonic_ns()
        self._words[self._asleep] = began_ns  # a number that no earlier sleep had, not even a predecessor's
        if not news():
            if not self._bell.sleep(min(NAP_S, timeout_s)) and timeout_s > NAP_S and not news():
                self._bell.sleep(timeout_s - NAP_S)
            self._spins = time.monotonic_ns() - began_ns < SPIN_NS
        self._words[self._asleep] = 0

    def _spin(self, news: Callable[[], bool]) -> bool:
        """Look for news, or a ring, for as long as a sleep and a wake-up would take; whether there was one.

        Only while it pays: a spin in vain is the last one until a sleep was as short as that again. So a routine that
        idles burns nothing. Each look lets the other threads of the flow go first.
        """
        until_ns = time.monotonic_ns() + SPIN_NS
        while time.monotonic_ns() < until_ns:
            if self._bell.sleep(0.0) or news():  # not all that rings has a word in the news
                return True
        self._spins = False
        return False


class Waker:
    """A peer's side; who calls for each message looks at ``asleep`` itself first."""

    __slots__ = ("_bell_fd", "_rung_for", "_word", "_words")

    def __init__(self, ledger: Ledger, bell_fd: int) -> None:
        self._words, self._word = ledger.words, ledger.layout.status + at.S_ASLEEP
        self._bell_fd = bell_fd
        self._rung_for = 0

    def wake(self) -> None:
        """Ring if the routine sleeps and was not rung for in this sleep."""
        sleep = self._words[self._word]
        if sleep and sleep != self._rung_for:
            self._rung_for = sleep
            bell.ring(self._bell_fd)

    def ring(self) -> None:
        """Ring whether it sleeps or not."""
        bell.ring(self._bell_fd)

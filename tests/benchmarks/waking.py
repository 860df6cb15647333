"""Other ways of waking a routine than the one that pipertd has, put in its place within one flow to be compared."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from pipertd.shm import sleeping
from pipertd.shm.inlink import InLink
from pipertd.shm.outlink import OutLink
from pipertd.shm.sleeping import Sleeper

_fence = threading.Lock()
_fence.acquire()


def _for_each_message() -> None:
    """A producer that found its link full is woken for each message that is taken."""
    honest = OutLink.ask_for_room
    OutLink.ask_for_room = lambda out, most: honest(out, most=False)  # type: ignore[assignment, method-assign]


def _always() -> None:
    """Every message rings, and every message that is taken, whether the other side sleeps or not."""
    show, claim = OutLink.show, InLink._claim

    def show_and_ring(out: OutLink) -> None:
        show(out)
        out._waker.ring()

    def claim_and_ring(link: InLink, *arguments: Any) -> Any:
        taken = claim(link, *arguments)
        link._waker.ring()
        return taken

    OutLink.show, InLink._claim = show_and_ring, claim_and_ring  # type: ignore[assignment, method-assign]


def _with_a_fence() -> None:
    """A fence on either side between its store and its load, instead of a second look after a nap."""
    show = OutLink.show

    def show_before_a_fence(out: OutLink) -> None:
        show(out)
        _fence.release()
        _fence.acquire(blocking=False)

    def sleep_behind_a_fence(sleeper: Sleeper, news: Callable[[], bool], timeout_s: float) -> None:
        if sleeper._spins and sleeper._spin(news):
            return
        began_ns = time.monotonic_ns()
        sleeper._words[sleeper._asleep] = began_ns
        _fence.release()
        _fence.acquire(blocking=False)
        if not news():
            sleeper._bell.sleep(timeout_s)
            sleeper._spins = time.monotonic_ns() - began_ns < sleeping.SPIN_NS
        sleeper._words[sleeper._asleep] = 0

    OutLink.show, Sleeper.sleep_unless = show_before_a_fence, sleep_behind_a_fence  # type: ignore[assignment, method-assign]


def _without_a_spin() -> None:
    """Whoever finds nothing sleeps at once."""
    sleeping.SPIN_NS = 0


def _with_a_long_spin() -> None:
    """Whoever finds nothing looks for a millisecond first, each time."""
    sleeping.SPIN_NS = 1_000_000
    Sleeper._spins = property(lambda _: True, lambda *_: None)  # type: ignore[assignment]


WAYS = {
    "for each message": _for_each_message,
    "always": _always,
    "with a fence": _with_a_fence,
    "without a spin": _without_a_spin,
    "with a long spin": _with_a_long_spin,
}


def use(way: str) -> None:
    """Have all routines of this process woken in that way, from now on."""
    WAYS[way]()

"""A link in a test: what a full one does, ``flow/handover.py`` decides, as within a flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipertd.clock import NS
from pipertd.definition.model import Link
from pipertd.flow.handover import Gap, Handover, Offer
from pipertd.flow.synced import Head
from pipertd.names import Policy
from pipertd.testing.setting import Output


@dataclass
class Counts:
    """What became of the messages of a link: produced = delivered + failed + dropped + in flight."""

    produced: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0


class RehearsedLink:
    """A link between two routines of a rehearsal.

    Attributes:
        passed: the messages that were taken, where they are kept.
        holds_up: it makes its producer wait, and nobody else can go on.
    """

    def __init__(self, link: Link, *, drops: bool) -> None:
        """``drops`` has it do as its policy and its ``max_age`` say; else it waits, and nothing is too old."""
        self.link, self.counts = link, Counts()
        self.passed: list[Any] = []
        self.holds_up = False
        self.handover = Handover(link.policy if drops else Policy.WAIT, link.depth, _nobody, _nobody)
        self._max_age_s = link.max_age_s if drops else None

    def give(self, output: Output, captured_ns: int, now_s: float) -> None:
        """Send what a step gave: by reference within a flow, else as it travels."""
        content = output.message if self.link.within_flow else output.parcel
        self.handover.give(Offer(self.counts.produced, content, captured_ns, round(now_s * NS), output.trail))
        self.counts.produced += 1

    def take(self, now_s: float) -> Offer | None:
        """The next message that is not too old; None where nothing waits."""
        self.drop_waste(now_s)
        self.holds_up = False
        while (offer := self.handover.take()) is not None:
            if isinstance(offer, Offer):
                return offer
            self.counts.dropped += offer.count
        return None

    def has_waste(self, now_s: float) -> bool:
        """Whether what is next is only to be counted: no message, or one that is too old."""
        captured_ns = self.handover.next_captured_ns
        if captured_ns is None:
            return self.handover.has_message
        return self._max_age_s is not None and now_s - captured_ns / NS > self._max_age_s

    def drop_waste(self, now_s: float) -> None:
        """Count all that comes before the next message."""
        while self.has_waste(now_s):
            found = self.handover.take()
            if isinstance(found, Gap):
                self.counts.dropped += found.count
            elif found is not None:
                self.drop(found)

    def drop(self, offer: Offer) -> None:
        """Count a message that was taken for nothing."""
        self.counts.dropped += 1
        self.handover.finish(offer)

    @property
    def head(self) -> Head:
        """What is next, for who joins several links."""
        full = self.handover.must_wait and (self.link.depth > 1 or self.holds_up)
        return Head(self.handover.next_captured_ns, full, self.handover.closed)


def _nobody() -> None:
    """Everybody is asked in turn."""

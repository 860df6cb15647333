"""A routine among others in a test: it takes from its links in turn, and gives to all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import partial
from typing import Any

from pipertd.clock import NS
from pipertd.flow.handover import Offer
from pipertd.flow.routine import Envelope, Hop
from pipertd.names import RoutineRef
from pipertd.shm.trail import NO_TRAIL, Trail, context_of
from pipertd.testing.clock import VirtualClock
from pipertd.testing.link import RehearsedLink
from pipertd.testing.parcel import Parcel
from pipertd.testing.setting import Output
from pipertd.testing.stepped import Stepped


class Member:
    """A routine of a rehearsal, with its links.

    Attributes:
        taken, given: where messages are kept, those that ``main_logic`` was called with, and what came of them.
    """

    def __init__(
        self, ref: RoutineRef, stepped: Stepped, links: Sequence[RehearsedLink], names: Sequence[str], *, keeps: bool
    ) -> None:
        self.ref, self.stepped, self._names, self._keeps = ref, stepped, names, keeps
        self._inputs = deque(each for each in links if each.link.destination == ref)
        self._outputs = [each for each in links if each.link.source == ref]
        self.over = self._is_set_up = False
        self.taken: list[Any] = []
        self.given: list[Any] = []

    @property
    def can_step(self) -> bool:
        """Whether it has something to do and room for what comes of it, perhaps when its pace lets it."""
        if self.over or self.stepped.reactions.paused or any(each.handover.must_wait for each in self._outputs):
            return False
        if self.stepped.is_source:
            return not self.stepped.ended
        return not self.stepped.waits_for_author and any(each.handover.has_message for each in self._inputs)

    @property
    def at_end(self) -> bool:
        """Whether nothing more comes of it."""
        if self.over:
            return False
        if self.stepped.is_source:
            return self.stepped.ended
        return all(each.handover.at_end for each in self._inputs)

    def step(self, clock: VirtualClock) -> None:
        """One call of ``main_logic``."""
        if self.stepped.is_source:
            self._send(self.stepped.step(), round(clock.now_s * NS))
            return
        for _ in range(len(self._inputs)):  # each in turn
            link = self._inputs[0]
            self._inputs.rotate(-1)
            offer = link.take(clock.now_s)
            if offer is not None:
                self._handle(link, offer)
                return

    def _handle(self, link: RehearsedLink, offer: Offer) -> None:
        read = partial(self._read, link, offer.message)
        trail = offer.trail if isinstance(offer.trail, Trail) else NO_TRAIL
        output = self.stepped.step(read, self._envelope(link, offer), trail)
        if self.stepped.failed:
            link.counts.failed += 1
        else:
            link.counts.delivered += 1
        link.handover.finish(offer)
        self._send(output, offer.captured_ns)

    def _read(self, link: RehearsedLink, content: Any) -> Any:
        writable = self.stepped.routine.writable
        if isinstance(content, Parcel):
            message = content.read(writable=writable)
        else:
            message = deepcopy(content) if writable else content
        if self._keeps:
            self.taken.append(message)
            link.passed.append(message)
        return message

    def _send(self, output: Output | None, captured_ns: int) -> None:
        if output is None:
            return
        if self._keeps:
            kept = output.message if output.parcel is None else output.parcel.read_as(type(output.message))
            self.given.append(kept)
        for each in self._outputs:
            each.give(output, captured_ns, self.stepped.clock.now_s)

    def _envelope(self, link: RehearsedLink, offer: Offer) -> Envelope:
        return Envelope(
            link=str(link.link),
            sequence=offer.sequence,
            origin=offer.sequence,
            attempt=1,
            capture_time_s=offer.captured_ns / NS,
            publish_time_s=offer.published_ns / NS,
            hops=tuple(self._hops(offer.trail)),
            hop_count=offer.trail.hop_count,
            trace_context=context_of(offer.trail),
        )

    def _hops(self, trail: Trail) -> Iterator[Hop]:
        words = iter(trail.hops)
        for number, began_ns, published_ns in zip(words, words, words, strict=True):
            yield Hop(self._names[number], began_ns / NS, published_ns / NS)

    def begin(self) -> None:
        """Set it up."""
        self.stepped.routine.setup()
        self._is_set_up = True

    def end(self) -> None:
        """Say the end on its links, and clean up, once."""
        if self.over:
            return
        self.over = True
        for each in self._outputs:
            each.handover.close()
        if self._is_set_up:
            self.stepped.routine.cleanup()

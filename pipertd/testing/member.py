"""A routine among others in a test: it takes from its links in turn, and gives to all of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any

from pipertd.clock import NS
from pipertd.flow.handover import Offer
from pipertd.flow.routine import Envelope, Hop
from pipertd.flow.synced import MATCH, Synced, decide, is_named
from pipertd.names import RoutineRef
from pipertd.shm.trail import Trail, context_of
from pipertd.testing.link import RehearsedLink
from pipertd.testing.parcel import Parcel
from pipertd.testing.setting import Output
from pipertd.testing.stepped import Stepped


class Member:
    """A routine of a rehearsal, with its links.

    Attributes:
        taken, given: where messages are kept, those that ``main_logic`` was called with (tuples of those that are
            joined), and what came of them.
        steps: how many it has taken.
    """

    def __init__(
        self, ref: RoutineRef, stepped: Stepped, links: Sequence[RehearsedLink], names: Sequence[str], *, keeps: bool
    ) -> None:
        self.ref, self.stepped, self._names, self._keeps = ref, stepped, names, keeps
        self._inputs = deque(each for each in links if each.link.destination == ref)
        self._outputs = [each for each in links if each.link.source == ref]
        self._synced = stepped.synced
        self._joined = [self._named(name) for name in self._synced.names] if self._synced else []
        self.steps = 0
        self.over = self._is_set_up = False
        self.taken: list[Any] = []
        self.given: list[Any] = []

    def _named(self, name: str) -> RehearsedLink:
        return next(each for each in self._inputs if is_named(name, str(each.link.source)))

    @property
    def can_step(self) -> bool:
        """Whether it has something to do and room for what comes of it, perhaps when its pace lets it."""
        if self.over or self.stepped.reactions.paused or self.is_held_up:
            return False
        if self.stepped.is_source:
            return not self.stepped.ended
        if self.stepped.waits_for_author:
            return False
        if self._synced is None:
            return any(each.handover.has_message for each in self._inputs)
        now_s = self.stepped.clock.now_s
        return any(each.has_waste(now_s) for each in self._joined) or self._move(self._synced) is not None

    @property
    def is_held_up(self) -> bool:
        """Whether a full link makes it wait."""
        return any(each.handover.must_wait for each in self._outputs)

    def _move(self, synced: Synced) -> int | None:
        return decide([each.head for each in self._joined], synced.within_s)

    @property
    def at_end(self) -> bool:
        """Whether nothing more comes of it."""
        if self.over:
            return False
        if self.stepped.is_source:
            return self.stepped.ended
        return all(each.handover.at_end for each in self._inputs)

    def step(self, now_s: float) -> None:
        """One call of ``main_logic``, or a message less that it cannot be called with."""
        self.steps += 1
        if self.stepped.is_source:
            self._send(self.stepped.step(), round(now_s * NS))
        elif self._synced is not None:
            self._join(self._synced, now_s)
        else:
            self._take_in_turn(now_s)

    def _take_in_turn(self, now_s: float) -> None:
        for _ in range(len(self._inputs)):
            link = self._inputs[0]
            self._inputs.rotate(-1)
            offer = link.take(now_s)
            if offer is not None:
                self._handle([(link, offer)])
                return

    def _join(self, synced: Synced, now_s: float) -> None:
        for link in self._joined:
            link.drop_waste(now_s)
        move = self._move(synced)
        if move is None:
            return
        links = self._joined if move == MATCH else [self._joined[move]]
        taken = [(link, offer) for link in links if (offer := link.take(now_s)) is not None]
        if move == MATCH:
            self._handle(taken)
            return
        for link, offer in taken:  # it has no partner
            link.drop(offer)

    def _handle(self, taken: Sequence[tuple[RehearsedLink, Offer]]) -> None:
        """What was taken goes through ``main_logic``: one message, or those that are joined."""
        envelopes = [self._envelope(*each) for each in taken]
        envelope = envelopes[0]
        if self._synced is not None:
            envelope = replace(envelope, joined=dict(zip(self._synced.names, envelopes, strict=True)))
        contents = [offer.message for _, offer in taken]
        read = (lambda: tuple(map(self._read, contents))) if self._synced else partial(self._read, contents[0])
        captured_ns = min(offer.captured_ns for _, offer in taken)
        if self._keeps:
            self._keep(taken)
        output = self.stepped.step(read, envelope, taken[-1][1].trail)
        for link, offer in taken:
            if self.stepped.failed:
                link.counts.failed += 1
            else:
                link.counts.delivered += 1
            link.handover.finish(offer)
        self._send(output, captured_ns)

    def _keep(self, taken: Sequence[tuple[RehearsedLink, Offer]]) -> None:
        """What it is called with, for the test to see."""
        messages = [self._read(offer.message) for _, offer in taken]
        for (link, _), message in zip(taken, messages, strict=True):
            link.passed.append(message)
        self.taken.append(messages[0] if self._synced is None else tuple(messages))

    def _read(self, content: Any) -> Any:
        writable = self.stepped.routine.writable
        if isinstance(content, Parcel):
            return content.read(writable=writable)
        return deepcopy(content) if writable else content

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

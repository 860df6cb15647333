"""Routines and the links between them, stepped one at a time in an order that is always the same.

The routine nearest to the end that can take a step takes it, so that a message goes through before the next one comes;
time passes only when all wait for their pace. What a full link does, ``flow/handover.py`` decides, as within a flow.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from pipertd.definition.model import Link
from pipertd.flow.handover import Gap, Handover, Offer
from pipertd.flow.routine import Envelope, Hop
from pipertd.names import Policy, RoutineRef
from pipertd.shm.trail import NO_TRAIL, Trail, context_of
from pipertd.testing.clock import VirtualClock
from pipertd.testing.parcel import Parcel
from pipertd.testing.stepped import EventFailed, Output, Raised, Stepped

_NS = 1_000_000_000


@dataclass
class Counts:
    """What became of the messages of a link: produced = delivered + failed + dropped + in flight."""

    produced: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0


class Edge:
    """A link of a definition between two routines of the stage."""

    def __init__(self, link: Link, *, drops: bool) -> None:
        """``drops`` has it do as its policy and its ``max_age`` say; else it waits, and nothing is too old."""
        self.link, self.counts = link, Counts()
        self.handover = Handover(link.policy if drops else Policy.WAIT, link.depth, _nobody, _nobody)
        self._max_age_s = link.max_age_s if drops else None

    def give(self, output: Output, captured_ns: int, now_s: float) -> None:
        """Send what a step gave: by reference within a flow, else as it travels."""
        content = output.message if self.link.within_flow else output.parcel
        self.handover.give(Offer(self.counts.produced, content, captured_ns, round(now_s * _NS), output.trail))
        self.counts.produced += 1

    def take(self, now_s: float) -> Offer | None:
        """The next message that is not too old; None where nothing waits."""
        while (offer := self.handover.take()) is not None:
            if isinstance(offer, Gap):
                self.counts.dropped += offer.count
            elif self._max_age_s is not None and now_s - offer.captured_ns / _NS > self._max_age_s:
                self.counts.dropped += 1
            else:
                return offer
        return None


class Member:
    """A routine on the stage, with its links.

    Attributes:
        taken, given: where messages are kept, those that ``main_logic`` was called with, and what came of them.
    """

    def __init__(
        self, ref: RoutineRef, stepped: Stepped, edges: Sequence[Edge], names: Sequence[str], *, keeps: bool
    ) -> None:
        self.ref, self.stepped, self._names, self._keeps = ref, stepped, names, keeps
        self._inputs = deque(each for each in edges if each.link.destination == ref)
        self._outputs = [each for each in edges if each.link.source == ref]
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
            self._send(self.stepped.step(), round(clock.now_s * _NS))
            return
        for _ in range(len(self._inputs)):  # each in turn
            edge = self._inputs[0]
            self._inputs.rotate(-1)
            offer = edge.take(clock.now_s)
            if offer is not None:
                self._handle(edge, offer)
                return

    def _handle(self, edge: Edge, offer: Offer) -> None:
        failures = len(self.stepped.failures)
        read = partial(self._read, offer.message)
        trail = offer.trail if isinstance(offer.trail, Trail) else NO_TRAIL
        output = self.stepped.step(read, self._envelope(edge, offer), trail)
        if len(self.stepped.failures) > failures and output is None:
            edge.counts.failed += 1
        else:
            edge.counts.delivered += 1
        edge.handover.finish(offer)
        self._send(output, offer.captured_ns)

    def _read(self, content: Any) -> Any:
        writable = self.stepped.routine.writable
        if isinstance(content, Parcel):
            message = content.read(writable=writable)
        else:
            message = deepcopy(content) if writable else content
        if self._keeps:
            self.taken.append(message)
        return message

    def _send(self, output: Output | None, captured_ns: int) -> None:
        if output is None:
            return
        if self._keeps:
            kept = output.message if output.parcel is None else output.parcel.read_as(type(output.message))
            self.given.append(kept)
        for each in self._outputs:
            each.give(output, captured_ns, self.stepped.clock.now_s)

    def _envelope(self, edge: Edge, offer: Offer) -> Envelope:
        return Envelope(
            link=str(edge.link),
            sequence=offer.sequence,
            origin=offer.sequence,
            attempt=1,
            capture_time_s=offer.captured_ns / _NS,
            publish_time_s=offer.published_ns / _NS,
            hops=tuple(self._hops(offer.trail)),
            hop_count=offer.trail.hop_count,
            trace_context=context_of(offer.trail),
        )

    def _hops(self, trail: Trail) -> Iterator[Hop]:
        words = iter(trail.hops)
        for number, began_ns, published_ns in zip(words, words, words, strict=True):
            yield Hop(self._names[number], began_ns / _NS, published_ns / _NS)

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


class Stage:
    """All members, in the order of their links. As a context it sets them up, and cleans up.

    Attributes:
        calls: how often any ``main_logic`` was called.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.members: Sequence[Member] = ()
        self.edges: Sequence[Edge] = ()
        self.calls = 0

    def meet(self, members: Sequence[Member], edges: Sequence[Edge]) -> None:
        """Know who has a part."""
        self.members, self.edges = members, edges
        self._last_first = _last_first(members, edges)

    def __enter__(self) -> Self:
        try:
            for each in self.members:
                each.begin()
        except BaseException:
            for each in self.members:
                each.end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Where something was raised nothing goes on to its end."""
        if kind is None:
            self.end()
            return
        for each in self.members:
            each.end()

    def member(self, name: str) -> Member:
        """The routine that is called so, with its flow where that is needed; KeyError says which there are."""
        found = [each for each in self.members if name in (str(each.ref), each.ref.routine)]
        if len(found) != 1:
            there_are = ", ".join(str(each.ref) for each in self.members)
            raise KeyError(f"cannot find routine {name!r}: there are {there_are}")
        return found[0]

    def step(self) -> bool:
        """One step of somebody, or none where all wait for time to pass, for somebody outside, or are over."""
        for each in self._last_first:
            if each.stepped.reactions.waiting:
                self._handle_events(each)
            if each.at_end:
                each.end()
                return True
            if each.can_step and each.stepped.pace.wait_s() <= 0:
                self.calls += 1
                each.step(self.clock)
                return True
        return False

    @property
    def wait_s(self) -> float | None:
        """Seconds until somebody's pace lets it go on; None where nobody waits for that."""
        return min((each.stepped.pace.wait_s() for each in self.members if each.can_step), default=None)

    @property
    def over(self) -> bool:
        """Whether all are."""
        return all(each.over for each in self.members)

    def end(self) -> None:
        """Let sources give no more, what is under way go to its end, and all clean up."""
        for each in self.members:
            each.stepped.ended = True
        while True:
            if self.step():
                continue
            wait_s = self.wait_s
            if wait_s is None:
                break
            self.clock.advance(wait_s)
        for each in self.members:
            each.end()

    def raise_event(self, routine: str, raised: Raised) -> None:
        """A routine's ``notify_event``: its targets handle it before their next step.

        Raises:
            AssertionError: there is no such target; under the daemon a log would say so.
        """
        flows = {each.ref.flow for each in self.members}
        for flow, names in raised.targets.items():
            known = {each.ref.routine for each in self.members if each.ref.flow == flow}
            if flow not in flows or not {*names} <= known:
                raise AssertionError(f"{routine} raised {raised.name} for {flow}/{names}, which is not there")
        for each in self.members:
            is_meant = not raised.targets or each.ref.flow in raised.targets
            wanted = raised.targets.get(each.ref.flow)
            if is_meant and (not wanted or each.ref.routine in wanted) and not each.over:
                each.stepped.put(raised.name, raised.params, wants_answer=True)

    def _handle_events(self, member: Member) -> None:
        for answer in member.stepped.handle_events():
            if answer.error is not None and not answer.unhandled:
                raise EventFailed(f"{member.ref}: {answer.error}") from member.stepped.reason


def _last_first(members: Sequence[Member], edges: Sequence[Edge]) -> list[Member]:
    """Destinations before what leads to them; else in reverse order of the file."""
    left: dict[RoutineRef, Member] = {each.ref: each for each in reversed(members)}
    ordered: list[Member] = []
    while left:
        leads_on = {each.link.source for each in edges if each.link.destination in left}
        ordered += [left.pop(ref) for ref in list(left) if ref not in leads_on]
    return ordered


def _nobody() -> None:
    """Everybody is asked in turn."""

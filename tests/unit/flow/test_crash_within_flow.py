"""Tokens under crashes: a flow of two routines with a link between them, killed before each of its stores in turn.

The ports are the real ones. The flow is one actor: it runs its routines by turns, as its threads might.
"""

from __future__ import annotations

import random
from collections import deque
from itertools import pairwise

import pytest

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.flow.handover import Handover, Offer
from pipertd.flow.port import Port
from pipertd.names import Policy, RoutineRef
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoder
from pipertd.shm.hand import Taken
from pipertd.shm.ledger import Ledger
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.view import LinkView
from tests.unit.shm.stepping import Actor, SteppedMessage, stepped
from tests.unit.shm.world import Seen, Violation, check, content

SOURCE, FLOW, SINK = "source", "flow", "sink"
FRONT, BACK = RoutineRef(FLOW, "front"), RoutineRef(FLOW, "back")
NAMES = (SOURCE, FLOW, SINK)


class FlowWorld:
    """source → (front → back) → sink, each flow an actor."""

    def __init__(self, *, policy: Policy, depth: int, messages: int = 5, seed: int = 0) -> None:
        self.messages, self.policy, self.depth = messages, policy, depth
        self.random = random.Random(seed)
        self.seen: dict[str, list[Seen]] = {"front": [], "back": [], SINK: []}
        source, sink = RoutineRef(SOURCE, SOURCE), RoutineRef(SINK, SINK)
        flows = (
            Flow(SOURCE, (Routine(SOURCE, "no:Code"),)),
            Flow(FLOW, (Routine("front", "no:Code"), Routine("back", "no:Code"))),
            Flow(SINK, (Routine(SINK, "no:Code"),)),
        )
        links = (Link(source, FRONT, depth=2), Link(FRONT, BACK, policy, depth), Link(BACK, sink, depth=1))
        self.segments = PipelineSegments(Pipeline("world", flows, links, shm_limit=4 * MIB))
        lives = {SOURCE: self._live_as_source, FLOW: self._live_as_flow, SINK: self._live_as_sink}
        self.actors = {name: Actor(name, life) for name, life in lives.items()}

    def close(self) -> None:
        """Nothing is left of it."""
        for actor in self.actors.values():
            actor.end()
        self.segments.close()

    # -- the lives

    def _ports(self, actor: Actor) -> dict[str, Port]:
        specs = self.segments.flow_specs(actor.name)
        handovers = {
            out.link: Handover(self.policy, self.depth, lambda: None, lambda: None)
            for spec in specs
            for out in spec.outputs
            if out.within_flow
        }
        return {
            spec.name: Port(spec, stepped(Ledger(spec.ledger_fd, writable=True), actor), handovers) for spec in specs
        }

    def _live_as_source(self, actor: Actor) -> None:
        port = self._ports(actor)[SOURCE]
        port.recover()
        while port.published < self.messages:
            message = SteppedMessage(Encoder().encode(content(port.published)), actor)
            while not port._producer.publish(message, captured_ns=0):
                self._idle(port)
        while True:
            self._idle(port)

    def _live_as_flow(self, actor: Actor) -> None:
        ports = self._ports(actor)
        again = {name: deque(port.recover()) for name, port in ports.items()}  # all, before any of them runs
        while True:
            name = self.random.choice(list(ports))
            self._step(name, ports[name], again[name])

    def _live_as_sink(self, actor: Actor) -> None:
        port = self._ports(actor)[SINK]
        again = deque(port.recover())
        while True:
            self._step(SINK, port, again)

    def _step(self, name: str, port: Port, again: deque[Taken]) -> None:
        """One message, as pipertd.flow.loop takes it, or a rest where something has to be waited for."""
        if (port.jobs and port.advance()) or port.must_wait_within_flow():
            self._idle(port)
            return
        if again:
            port.resume_again(again.popleft())
        elif not port.take():
            self._idle(port)
            return
        number = check(port.read())
        envelope = port.envelope()
        assert envelope is not None
        self.seen[name].append(Seen(number, envelope.attempt))
        outgoing = port.send(content(number), 0, 0) if name != SINK else None
        if outgoing is not None:
            port.give(outgoing)
        port.end(at.N_DELIVERED)
        if port.jobs:
            port.advance()

    @staticmethod
    def _idle(port: Port) -> None:
        port.sleep_unless(lambda: True, 0.0)

    # -- the laws

    def run_to_rest(self) -> None:
        """Give everybody turns until every message has come to its end."""
        for _ in range(300):
            for actor in self.actors.values():
                for _ in range(16):
                    actor.turn()
            if self._is_at_rest():
                return
        raise Violation(f"stuck or leaked: {self.segments.link_views()}")

    def _is_at_rest(self) -> bool:
        first, within, last = self.segments.link_views()
        rest = not (first.in_flight or within.in_flight or last.in_flight)
        return rest and (first.delivered, last.produced) == (self.messages, within.delivered)

    def check_at_rest(self) -> None:
        """Nothing lost without a count, all in order, and what came twice says so."""
        views = self.segments.link_views()
        for view in views:
            self._check_count(view)
        for name, view in zip(self.seen, views, strict=True):
            numbers = [each.number for each in self.seen[name]]
            if view.policy == Policy.WAIT and len(set(numbers)) != view.produced:
                raise Violation(f"{name} was given {numbers}: {view}")
        self._check_order(self.seen[SINK])

    @staticmethod
    def _check_count(view: LinkView) -> None:
        if view.produced != view.delivered + sum(view.dropped.values()):
            raise Violation(f"the count does not hold: {view}")
        if view.policy == Policy.WAIT and view.dropped:
            raise Violation(f"a link that waits has dropped: {view}")

    @staticmethod
    def _check_order(seen: list[Seen]) -> None:
        numbers = [each.number for each in seen]
        if numbers != sorted(numbers):
            raise Violation(f"out of order: {numbers}")
        for one, two in pairwise(seen):
            if one.number == two.number and two.attempt < 2:
                raise Violation(f"{two.number} was given again without a word")


def crash_before_store(victim: str, store: int, second: int | None, *, policy: Policy, depth: int) -> bool:
    """Kill ``victim`` before its n-th store and its successor ``second`` stores later; whether it came to that."""
    world = FlowWorld(policy=policy, depth=depth, seed=store)
    try:
        actor, others = world.actors[victim], [each for each in world.actors.values() if each.name != victim]
        for crash_at in (store, second):
            if crash_at is None:
                continue
            goal = actor.stores + crash_at
            for _ in range(2_000):
                if actor.stores >= goal:
                    break
                actor.turn()
                for each in others:
                    each.turn()
            else:
                return False
            actor.crash()
        world.run_to_rest()
        world.check_at_rest()
        return True
    finally:
        world.close()


def crash_everywhere(victim: str, policy: Policy, stores: range, depth: int, *, again: bool = False) -> int:
    """Crash before each of these stores, and ``again`` in the recovery; how many of them the victim came to."""
    return sum(
        crash_before_store(victim, store, store * 7 % 23 if again else None, policy=policy, depth=depth)
        for store in stores
    )


@pytest.mark.parametrize("policy", [Policy.WAIT, Policy.DROP_OLDEST, Policy.DROP_NEWEST])
@pytest.mark.parametrize("victim", NAMES)
def test_tokens_survive_a_crash_before_any_store(victim: str, policy: Policy) -> None:
    """What a flow had not finished within it comes again from its input; nothing is lost, doubled or miscounted."""
    step = 2 if victim == FLOW else 6
    tried = sum(crash_everywhere(victim, policy, range(depth, 170, step), depth) for depth in (1, 2))
    assert tried > 20


@pytest.mark.parametrize("policy", [Policy.WAIT, Policy.DROP_OLDEST])
def test_tokens_survive_a_crash_of_the_recovery(policy: Policy) -> None:
    """A successor that dies while it puts things right leaves nothing that its own successor cannot."""
    assert crash_everywhere(FLOW, policy, range(1, 120, 3), 2, again=True) > 20


def test_tokens_that_are_not_waited_for_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search would find it: an input that is acknowledged before its output within the flow was handled is lost."""

    def give(handover: Handover, offer: Offer) -> None:
        honest(handover, offer)
        offer.done = True

    honest = Handover.give
    monkeypatch.setattr(Handover, "give", give)
    with pytest.raises(Violation):
        crash_everywhere(FLOW, Policy.WAIT, range(160), 2)

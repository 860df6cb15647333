"""A flow of two routines with a link between them, its source and its sink, whose processes crash.

The ports are the real ones. The flow is one actor: it runs its routines by turns, as its threads might.
"""

from __future__ import annotations

import gc
import random
from collections import deque
from dataclasses import replace
from itertools import pairwise

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.flow.handover import Handover
from pipertd.flow.port import Port
from pipertd.names import Policy, RoutineRef
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoder
from pipertd.shm.hand import Taken, charge
from pipertd.shm.ledger import Ledger
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.view import LinkView
from tests.unit.shm.stepping import Actor, SteppedMessage, run_to_rest, stepped
from tests.unit.shm.world import Seen, Violation, check, content

SOURCE, OTHER, FLOW, SINK = "source", "other", "flow", "sink"
FRONT, BACK = RoutineRef(FLOW, "front"), RoutineRef(FLOW, "back")
NAMES = (SOURCE, FLOW, SINK)
OTHERS_FIRST = 1000  # the number of its first message


class FlowWorld:
    """source → (front → back) → sink, each flow an actor, and perhaps another source → front."""

    def __init__(
        self,
        *,
        policy: Policy,
        depth: int,
        messages: int = 5,
        passes_on: bool = False,
        charges: bool = False,
        fans_in: bool = False,
        seed: int = 0,
    ) -> None:
        """The flow's routines send on what they get, or make it anew.

        ``charges``: most deaths of the flow are laid to the charge of what one of its routines had in hand.
        ``fans_in``: there is another source.
        """
        self.messages = messages
        self._ever_dropped = policy is not Policy.WAIT
        self.passes_on, self.charges = passes_on, charges
        self.random = random.Random(seed)
        self.seen: dict[str, list[Seen]] = {"front": [], "back": [], SINK: []}
        self.sources = (SOURCE, OTHER) if fans_in else (SOURCE,)
        sink = RoutineRef(SINK, SINK)
        flows = (
            *(Flow(name, (Routine(name, "no:Code"),)) for name in self.sources),
            Flow(FLOW, (Routine("front", "no:Code"), Routine("back", "no:Code"))),
            Flow(SINK, (Routine(SINK, "no:Code"),)),
        )
        inputs = [Link(RoutineRef(name, name), FRONT, depth=2) for name in self.sources]
        links = (Link(FRONT, BACK, policy, depth), Link(BACK, sink, depth=1), *inputs)
        self.pipeline = Pipeline("world", flows, links, shm_limit=4 * MIB)
        self.segments = PipelineSegments(self.pipeline, least_capacity=3)
        lives = {
            **dict.fromkeys(self.sources, self._live_as_source),
            FLOW: self._live_as_flow,
            SINK: self._live_as_sink,
        }
        self.actors = {name: Actor(name, life) for name, life in lives.items()}

    def close(self) -> None:
        """Nothing is left of it."""
        for actor in self.actors.values():
            actor.end()
        gc.collect()  # ports hold themselves, and leases, which ring when they end
        self.segments.close()

    def change(self, policy: Policy, depth: int) -> None:
        """Have the link within the flow, and those of the sources, so deep, and the first with this policy.

        Whom that concerns dies, and its successor is told.
        """
        within, last, *inputs = self.pipeline.links
        links = (replace(within, policy=policy, depth=depth), last, *(replace(each, depth=depth) for each in inputs))
        changed = replace(self.pipeline, links=links)
        for name in self.segments.concerned(changed):
            self.actors[name].crash()  # the successor's life begins with its first turn
        self.segments.renew(changed)
        self.pipeline = changed
        self._ever_dropped |= policy is not Policy.WAIT

    # -- the lives

    def _ports(self, actor: Actor) -> dict[str, Port]:
        specs = self.segments.flow_specs(actor.name)
        handovers = {
            out.link: Handover(Policy(out.policy), out.depth, lambda: None, lambda: None)
            for spec in specs
            for out in spec.outputs
            if out.within_flow
        }
        return {
            spec.name: Port(spec, stepped(Ledger(spec.ledger_fd, writable=True), actor), handovers) for spec in specs
        }

    def _live_as_source(self, actor: Actor) -> None:
        port = self._ports(actor)[actor.name]
        first = OTHERS_FIRST if actor.name == OTHER else 0
        port.recover_output()
        while port.published < self.messages:
            message = SteppedMessage(Encoder().encode(content(first + port.published)), actor)
            while not port._producer.publish(message, captured_ns=0):
                self._idle(port)
        while True:
            self._idle(port)

    def _live_as_flow(self, actor: Actor) -> None:
        ports = self._ports(actor)
        if self.charges and actor.crashes and self.random.random() < 0.8:
            charge(self.random.choice(list(ports.values()))._ledger)
        for port in ports.values():
            port.meet(ports.values())
        kept = [each for port in ports.values() for each in port.recover_output()]  # all, before any of them runs
        again = {name: deque(port.recover_input(kept)) for name, port in ports.items()}
        while True:
            name = self.random.choice(list(ports))
            self._step(name, ports[name], again[name])

    def _live_as_sink(self, actor: Actor) -> None:
        port = self._ports(actor)[SINK]
        again = deque(port.recover_input(()))
        while True:
            self._step(SINK, port, again)

    def _step(self, name: str, port: Port, again: deque[Taken]) -> None:
        """One message, as pipertd.flow.loop takes it, or a rest where something has to be waited for."""
        if (port.open_steps and port.advance()) or port.must_wait_within_flow:
            self._idle(port)
            return
        if again:
            port.resume_again(again.popleft())
        elif not port.take():
            self._idle(port)
            return
        if port.poisoned:
            port.end(at.N_QUARANTINED)
            return
        received = port.read()
        number = check(received)
        envelope = port.envelope()
        assert envelope is not None
        self.seen[name].append(Seen(number, envelope.attempt))
        outgoing = port.send(received if self.passes_on else content(number), 0, 0) if name != SINK else None
        del received
        if outgoing is not None:
            port.give(outgoing)
        port.end(at.N_DELIVERED)
        if port.open_steps:
            port.advance()

    @staticmethod
    def _idle(port: Port) -> None:
        port.sleep_unless(lambda: True, 0.0)

    # -- the laws

    def run_to_rest(self) -> None:
        """Give everybody turns until every message has come to its end."""
        if not run_to_rest(self.actors.values(), self._is_at_rest):
            raise Violation(f"stuck or leaked: {self.segments.link_views()}")

    def _is_at_rest(self) -> bool:
        views = self.segments.link_views()
        within, last, *inputs = views
        if any(view.in_flight or view.leased for view in views):
            return False
        taken, delivered = sum(view.delivered + view.quarantined for view in inputs), sum(v.delivered for v in inputs)
        sent = self.messages * len(self.sources)
        return (taken, within.produced, last.produced) == (sent, delivered, within.delivered)

    def check_at_rest(self) -> None:
        """Nothing lost without a count, all in order, and what came twice says so."""
        within, last, *inputs = views = self.segments.link_views()
        for view in views:
            self._check_count(view, may_have_dropped=view is within and self._ever_dropped)
        for name, into in (("front", inputs), ("back", [within]), (SINK, [last])):
            given, delivered = {each.number for each in self.seen[name]}, sum(view.delivered for view in into)
            most = delivered + sum(view.quarantined for view in into)
            if not (name == "back" and self._ever_dropped) and not delivered <= len(given) <= most:
                raise Violation(f"{name} was given {sorted(given)}: {into}")
        self._check_order([each for each in self.seen[SINK] if each.number < OTHERS_FIRST])
        self._check_order([each for each in self.seen[SINK] if each.number >= OTHERS_FIRST])

    @staticmethod
    def _check_count(view: LinkView, *, may_have_dropped: bool) -> None:
        if view.produced != view.delivered + sum(view.dropped.values()) + view.quarantined:
            raise Violation(f"the count does not hold: {view}")
        if not may_have_dropped and view.dropped:
            raise Violation(f"a link that waits has dropped: {view}")

    @staticmethod
    def _check_order(seen: list[Seen]) -> None:
        numbers = [each.number for each in seen]
        if numbers != sorted(numbers):
            raise Violation(f"out of order: {numbers}")
        for one, two in pairwise(seen):
            if one.number == two.number and two.attempt < 2:
                raise Violation(f"{two.number} was given again without a word")

"""Two sources whose messages a routine joins, for a sink behind it; each a process that crashes."""

from __future__ import annotations

import gc
from collections.abc import Callable
from functools import partial
from typing import Any

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.flow.port import Port
from pipertd.flow.routine import MiddleRoutine
from pipertd.flow.synced import Synced
from pipertd.flow.synced_port import SyncedPort
from pipertd.names import RoutineRef
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoder
from pipertd.shm.ledger import Ledger
from pipertd.supervisor.segments import PipelineSegments
from tests.unit.shm.stepping import Actor, SteppedMessage, run_to_rest, stepped
from tests.unit.shm.world import Violation, check, content

LEFT, RIGHT, JOIN, SINK = "left", "right", "join", "sink"
NAMES = (LEFT, RIGHT, JOIN, SINK)
TICK_NS = 10_000_000


class Join(MiddleRoutine):
    """Joins what has the same number."""

    inputs = Synced(LEFT, RIGHT, within=0.002)

    def main_logic(self, left: Any, right: Any) -> Any:
        raise NotImplementedError


class JoinWorld:
    """left and right → join → sink; each camera takes ``ticks``, and loses those in ``lost``."""

    def __init__(self, *, depth: int, ticks: int = 6, lost: dict[str, set[int]] | None = None) -> None:
        self.lost = lost or {LEFT: {1}, RIGHT: {2, 3}}
        self.taken = {name: [tick for tick in range(ticks) if tick not in self.lost[name]] for name in (LEFT, RIGHT)}
        self.depth = depth
        self.joined: list[int] = []  # what was handled, each time
        self.arrived: list[int] = []
        flows = tuple(Flow(name, (Routine(name, "no:Code"),)) for name in NAMES)
        ends = ((LEFT, JOIN), (RIGHT, JOIN), (JOIN, SINK))
        links = tuple(Link(RoutineRef(one, one), RoutineRef(two, two), depth=depth) for one, two in ends)
        self.segments = PipelineSegments(Pipeline("world", flows, links, shm_limit=4 * MIB), least_capacity=8)
        lives = {
            LEFT: self._live_as_camera,
            RIGHT: self._live_as_camera,
            JOIN: self._live_as_join,
            SINK: self._live_as_sink,
        }
        self.actors = {name: Actor(name, life) for name, life in lives.items()}

    def close(self) -> None:
        """Nothing is left of it."""
        for actor in self.actors.values():
            actor.end()
        gc.collect()
        self.segments.close()

    # -- the lives

    def _port(self, actor: Actor, kind: Callable[..., Port] = Port) -> Port:
        (spec,) = self.segments.flow_specs(actor.name)
        return kind(spec, stepped(Ledger(spec.ledger_fd, writable=True), actor), {})

    def _live_as_camera(self, actor: Actor) -> None:
        port, ticks = self._port(actor), self.taken[actor.name]
        port.recover_output()
        while port.published < len(ticks):
            tick = ticks[port.published]
            message = SteppedMessage(Encoder().encode(content(tick)), actor)
            late_ns = TICK_NS // 10 if actor.name == RIGHT else 0
            while not port._producer.publish(message, captured_ns=(1 + tick) * TICK_NS + late_ns):
                self._idle(port)
        self._end(port)

    def _live_as_join(self, actor: Actor) -> None:
        port = self._port(actor, partial(SyncedPort, Join()))
        port.recover_input(port.recover_output())
        while not port.at_end:
            if (port.open_steps and port.advance()) or not port.take():
                self._idle(port)
                continue
            numbers = {check(each) for each in port.read()}
            if len(numbers) != 1:
                raise Violation(f"joined {numbers}")
            self.joined.append(min(numbers))
            outgoing = port.send(content(min(numbers)), 0, 0)
            assert outgoing is not None, "a set is acknowledged as steps are"
            port.give(outgoing)
            del outgoing
            port.end(at.N_DELIVERED)
        while port.open_steps:
            if port.advance():
                self._idle(port)
        self._end(port)

    def _live_as_sink(self, actor: Actor) -> None:
        port = self._port(actor)
        again = port.recover_input(port.recover_output())
        while True:
            if again:
                port.resume_again(again.pop(0))
            elif not port.take():
                self._idle(port)
                continue
            self.arrived.append(check(port.read()))
            port.end(at.N_DELIVERED)

    def _end(self, port: Port) -> None:
        if not port.closed:
            port.close()
        while True:
            self._idle(port)

    @staticmethod
    def _idle(port: Port) -> None:
        port.sleep_unless(lambda: True, 0.0)

    # -- the laws

    def run_to_rest(self) -> None:
        """Give everybody turns until every message has come to its end."""
        if not run_to_rest(self.actors.values(), self._is_at_rest):
            raise Violation(f"stuck or leaked: {self.segments.link_views()}")

    def _is_at_rest(self) -> bool:
        left, right, out = views = self.segments.link_views()
        all_made = (left.produced, right.produced) == tuple(len(each) for each in self.taken.values())
        return all_made and not any(view.in_flight or view.leased for view in views) and out.produced == out.delivered

    def check_at_rest(self) -> None:
        """Every set is handled, and goes on once; every message is counted; what was killed comes again whole."""
        left, right, out = self.segments.link_views()
        for view in (left, right):
            if view.produced != view.delivered + view.dropped.get("unmatched", 0):
                raise Violation(f"the count does not hold: {view}")
        if not left.delivered == right.delivered == out.produced == len(set(self.joined)):
            raise Violation(f"a set has two ends: {left} {right} {out} {self.joined}")
        numbers = sorted(set(self.arrived))
        both = set(self.taken[LEFT]) & set(self.taken[RIGHT])
        if self.arrived != sorted(self.arrived) or not set(numbers) <= both or numbers != sorted(set(self.joined)):
            raise Violation(f"arrived {self.arrived}, joined {self.joined}, of {both}")
        if self.depth > max(map(len, self.taken.values())) and set(numbers) != both:
            raise Violation(f"joined only {numbers} of {both}")

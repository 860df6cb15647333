"""The port of who joins links, on real segments, by one thread."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.errors import LoadError
from pipertd.flow.port import Port
from pipertd.flow.routine import DestinationRoutine
from pipertd.flow.synced import Synced
from pipertd.flow.synced_port import SyncedPort
from pipertd.names import RoutineRef
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoder
from pipertd.shm.ledger import Ledger
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.view import LinkView

LEFT, RIGHT, JOIN = (RoutineRef(name, name) for name in ("left", "right", "join"))
DEPTH = 4
MS = 1_000_000


class Join(DestinationRoutine):
    inputs = Synced("right", "left/left", within=0.01)

    def main_logic(self, right: Any, left: Any) -> None: ...


class JoinOthers(DestinationRoutine):
    inputs = Synced("left", "third", within=0.01)

    def main_logic(self, left: Any, third: Any) -> None: ...


class Desk:
    """Two sources' ports, and that of who joins them and acknowledges by hand."""

    def __init__(self) -> None:
        flows = tuple(Flow(ref.flow, (Routine(ref.routine, "no:Code"),)) for ref in (LEFT, RIGHT, JOIN))
        links = (Link(LEFT, JOIN, depth=DEPTH), Link(RIGHT, JOIN, depth=DEPTH))
        self.segments = PipelineSegments(Pipeline("p", flows, links, shm_limit=4 * MIB))
        self.ports = {ref.flow: self._port(ref) for ref in (LEFT, RIGHT)}
        self.join = self.join_as(Join())

    def _port(self, ref: RoutineRef) -> Any:
        (spec,) = self.segments.flow_specs(ref.flow)
        return Port(spec, Ledger(spec.ledger_fd, writable=True), {})

    def join_as(self, routine: DestinationRoutine) -> Any:
        (spec,) = self.segments.flow_specs(JOIN.flow)
        return SyncedPort(routine, spec, Ledger(spec.ledger_fd, writable=True), {}, manual=True)

    def give(self, name: str, number: int, at_ms: int) -> None:
        encoded = Encoder().encode({"number": number})
        assert self.ports[name]._producer.publish(encoded, captured_ns=at_ms * MS)

    def views(self) -> tuple[LinkView, ...]:
        return self.segments.link_views()


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    for port in (*desk.ports.values(), desk.join):
        vars(port).clear()
    desk.ports.clear()
    gc.collect()
    desk.segments.close()


def test_contents_and_envelopes_are_in_the_order_of_the_names(desk: Desk) -> None:
    """Whatever the order of the links, and of arrival; the envelope is the first one's and has all by name."""
    desk.give("left", 1, 100)
    assert not desk.join.has_input()
    assert not desk.join.take()
    desk.give("right", 2, 105)
    assert desk.join.has_input()
    assert desk.join.take()
    assert desk.join.read() == ({"number": 2}, {"number": 1})
    envelope = desk.join.envelope()
    assert envelope.link == "right/right -> join/join"
    assert [each.capture_time_s for each in envelope.joined.values()] == [0.105, 0.1]
    assert list(envelope.joined) == ["right", "left/left"]
    assert desk.join.captured_ns == 100 * MS


def test_a_batch_fills_all_hands(desk: Desk) -> None:
    """As many sets as there are hands for may be in hand; one that is done ends with all of its messages."""
    sets = (DEPTH + 2) // 2
    envelopes = []
    for number in range(sets):
        for name in ("left", "right"):
            desk.give(name, number, 100 * number)
        assert desk.join.take(), number
        envelopes.append(desk.join.envelope())
        desk.join.end(at.N_DELIVERED)
    assert [view.in_hand for view in desk.views()] == [sets, sets]
    desk.give("left", sets, 100 * sets)
    desk.give("right", sets, 100 * sets)
    assert not desk.join.take()
    envelopes[0].done()
    assert not desk.join.advance()
    assert [view.delivered for view in desk.views()] == [1, 1]
    assert desk.join.take()


def test_what_nothing_can_be_joined_with_is_counted(desk: Desk) -> None:
    """It is taken and ended, one at a time, and keeps nothing of its partner's."""
    for number in range(3):
        desk.give("left", number, 20 * number)
    desk.give("right", 7, 60)
    for _ in range(3):
        assert desk.join.has_input()
        assert not desk.join.take()
        desk.join.advance()
    assert not desk.join.has_input()
    left, right = desk.views()
    assert (left.dropped, left.in_flight) == ({"unmatched": 3}, 0)
    assert (right.dropped, right.waiting) == ({}, 1)


def test_names_and_links_have_to_fit(desk: Desk) -> None:
    """What the check could not see, since links changed behind it, is said when the flow starts."""
    with pytest.raises(LoadError, match=r"its links come from left/left, right/right"):
        desk.join_as(JoinOthers())

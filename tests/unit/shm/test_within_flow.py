"""A link within a flow has no ring, but its words count each message once, whatever dies when."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.names import Policy, RoutineRef
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoder
from pipertd.shm.consumer import Consumer
from pipertd.shm.inlink import Writer
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import Reader
from pipertd.shm.pool import Pool, ReadPools
from pipertd.shm.producer import Producer
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.view import LinkView

SOURCE, MIDDLE, SINK = RoutineRef("a", "source"), RoutineRef("a", "middle"), RoutineRef("b", "sink")


class Middle:
    """Takes from the source within its flow and publishes to another flow; its successor inherits its ledger."""

    def __init__(self, segments: PipelineSegments) -> None:
        source, middle = segments.flow_specs("a")
        (sink,) = segments.flow_specs("b")
        self.ledger = Ledger(middle.ledger_fd, writable=True)
        writer = Writer(Ledger(source.ledger_fd, writable=False), 0, source.bell_fd)
        self.consumer = Consumer(self.ledger, [writer], ReadPools({}), middle.bell_fd)
        reader = Reader(Ledger(sink.ledger_fd, writable=False), 0, sink.bell_fd, depth=4)
        self.producer = Producer(self.ledger, Pool(middle.pool_fd, self.ledger), [reader])
        self.producer.recover()
        self.consumer.recover()

    def handle(self, sequence: int) -> int:
        """Take the message and publish what is made of it; returns the attempt, 0 where it was acknowledged before."""
        taken = self.consumer.take_by_reference(0, sequence, 0)
        if taken is None:
            return 0
        message = Encoder().encode({"number": sequence})
        assert self.producer.publish(message, cause=self.consumer.cause(taken), captured_ns=0)
        return taken.attempt

    @property
    def delivered(self) -> int:
        return self.ledger.count(0, at.N_DELIVERED)

    def die(self) -> None:
        vars(self).clear()


@pytest.fixture
def segments() -> Iterator[PipelineSegments]:
    flows = (
        Flow("a", (Routine("source", "no:Code"), Routine("middle", "no:Code"))),
        Flow("b", (Routine("sink", "x:Y"),)),
    )
    links = (Link(SOURCE, MIDDLE), Link(MIDDLE, SINK))
    made = PipelineSegments(Pipeline("p", flows, links, shm_limit=4 * MIB))
    yield made
    gc.collect()
    made.close()


def test_a_message_whose_output_is_out_is_counted_by_the_successor(segments: PipelineSegments) -> None:
    """Killed between its commit and its acknowledgement, a message is neither run again nor left uncounted."""
    first = Middle(segments)
    first.handle(0)
    first.die()
    second = Middle(segments)
    assert second.handle(0) == 0
    assert (second.delivered, second.producer.published) == (1, 1)
    assert second.handle(1) == 1
    second.consumer.acknowledge()
    assert second.delivered == 2
    second.die()


def test_a_message_that_was_counted_is_not_counted_again(segments: PipelineSegments) -> None:
    """Acknowledged before the crash of the flow, it counts once, and its successor's second crash changes nothing."""
    first = Middle(segments)
    first.handle(0)
    first.consumer.acknowledge()
    first.die()
    for _ in range(2):
        another = Middle(segments)
        assert another.delivered == 1
        another.die()


def test_a_message_that_comes_again_says_so(segments: PipelineSegments) -> None:
    """Taken and not acknowledged before the crash, it is an attempt more for every successor that takes it."""
    first = Middle(segments)
    assert [first.consumer.take_by_reference(0, sequence, 0).attempt for sequence in (0, 1)] == [1, 1]  # type: ignore[union-attr]
    first.die()
    for attempt in (2, 3):
        another = Middle(segments)
        taken = [another.consumer.take_by_reference(0, sequence, 0) for sequence in (0, 1)]
        assert [each is not None and each.attempt for each in taken] == [2, attempt]
        another.die()


def test_what_a_link_dropped_is_counted_once(segments: PipelineSegments) -> None:
    """A gap in the queue counts; told again behind a crash, only what was not counted before."""
    first = Middle(segments)
    first.consumer.count_dropped(0, 2, 3, Policy.DROP_NEWEST)
    first.die()
    second = Middle(segments)
    second.consumer.count_dropped(0, 4, 5, Policy.DROP_NEWEST)
    assert second.ledger.count(0, at.N_NEWEST) == 5
    second.die()


@pytest.mark.parametrize(
    ("taken", "acknowledged", "given_again", "stopped"),
    [
        (0, 0, 5, 5),  # nothing was taken: the consumer was not set up
        (2, 1, 5, 4),
        (3, 0, 1, 1),  # a successor that died before it gave what it had given
        (3, 3, 1, 0),
    ],
)
def test_nothing_is_in_hand_when_a_run_is_over(
    segments: PipelineSegments, taken: int, acknowledged: int, given_again: int, stopped: int
) -> None:
    """What was given within a flow and nobody was done with is counted as stopped, whoever had taken it, and once."""
    source, _ = segments.flow_specs("a")
    producer = Producer(Ledger(source.ledger_fd, writable=True), None, [None])
    middle = Middle(segments)
    producer.count_handed_over(0, 4)
    for sequence in range(taken):
        middle.consumer.take_by_reference(0, sequence, 0)
    for _ in range(acknowledged):
        middle.consumer.acknowledge()
    middle.die()
    producer.count_handed_over(0, given_again - 1)
    assert is_whole(segments.link_views()[0])
    segments.count_stopped()
    view = segments.link_views()[0]
    assert (view.delivered, view.dropped.get("stopped", 0), view.in_flight) == (acknowledged, stopped, 0)
    assert is_whole(view)
    del producer


def is_whole(view: LinkView) -> bool:
    ended = view.delivered + view.failed + sum(view.dropped.values()) + view.quarantined
    return view.produced == ended + view.in_flight

"""A link within a flow has no ring, but its words count each message once, whatever dies when."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.names import RoutineRef
from pipertd.shm import codec
from pipertd.shm import layout as at
from pipertd.shm.consumer import Consumer, Writer
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import Pool
from pipertd.shm.producer import Producer, Reader
from pipertd.supervisor.segments import PipelineSegments

SOURCE, MIDDLE, SINK = RoutineRef("a", "source"), RoutineRef("a", "middle"), RoutineRef("b", "sink")


class Middle:
    """Takes from the source within its flow and publishes to another flow; its successor inherits its ledger."""

    def __init__(self, segments: PipelineSegments) -> None:
        source, middle = segments.flow_specs("a")
        (sink,) = segments.flow_specs("b")
        self.ledger = Ledger(middle.ledger_fd, writable=True)
        writer = Writer(Ledger(source.ledger_fd, writable=False), None, 0, source.bell_fd)
        self.consumer = Consumer(self.ledger, [writer], middle.bell_fd)
        reader = Reader(Ledger(sink.ledger_fd, writable=False), 0, sink.bell_fd)
        self.producer = Producer(self.ledger, Pool(middle.pool_fd, self.ledger), [reader])
        self.producer.recover()
        self.consumer.recover(within_flow=[True])

    def handle(self, sequence: int) -> None:
        self.consumer.claim_handed_over(0, sequence, sequence, 0, 0)
        message = codec.encode({"number": sequence})
        assert self.producer.publish(message, input_link=0, input_sequence=sequence, captured_ns=0)

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
    assert second.consumer.already_published(0, 0)
    assert (second.delivered, second.producer.published) == (1, 1)
    second.handle(1)
    second.consumer.settle_handed_over()
    assert second.delivered == 2
    second.die()


def test_a_message_that_was_counted_is_not_counted_again(segments: PipelineSegments) -> None:
    """Acknowledged before the crash of the flow, it counts once, and its successor's second crash changes nothing."""
    first = Middle(segments)
    first.handle(0)
    first.consumer.settle_handed_over()
    first.die()
    for _ in range(2):
        another = Middle(segments)
        assert another.delivered == 1
        another.die()

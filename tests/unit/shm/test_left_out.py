"""A message that a link leaves out is counted once, whatever becomes of its producer meanwhile."""

from __future__ import annotations

import gc

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.names import Policy, RoutineRef
from pipertd.shm import layout as at
from pipertd.shm.codec import Encoder
from pipertd.shm.consumer import Consumer
from pipertd.shm.inlink import Writer
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import Reader
from pipertd.shm.pool import ReadPools
from pipertd.shm.producer import Producer
from pipertd.supervisor.segments import PipelineSegments


def test_a_message_that_was_left_out_before_the_crash_and_not_behind_it_is_not_counted() -> None:
    """Left out and not committed, it comes again; when it then finds room, nothing was dropped."""
    source, sink = RoutineRef("a", "source"), RoutineRef("b", "sink")
    flows = tuple(Flow(ref.flow, (Routine(ref.routine, "no:Code"),)) for ref in (source, sink))
    segments = PipelineSegments(Pipeline("p", flows, (Link(source, sink, Policy.DROP_NEWEST, 1),), shm_limit=MIB))
    writes, reads = segments.flow_specs("a")[0], segments.flow_specs("b")[0]
    message = Encoder().encode({"number": 1})

    def successor() -> Producer:
        reader = Reader(Ledger(reads.ledger_fd, writable=False), 0, reads.bell_fd, 1, Policy.DROP_NEWEST)
        producer = Producer(Ledger(writes.ledger_fd, writable=True), None, [reader])
        producer.recover()
        return producer

    first = successor()
    assert first.publish(message, captured_ns=0)
    first._outs[0].leave_out(2, at.O_DROPPED_NEWEST)  # the link is full; then it dies before its commit
    writer = Writer(Ledger(writes.ledger_fd, writable=False), 0, writes.bell_fd)
    consumer = Consumer(Ledger(reads.ledger_fd, writable=True), [writer], ReadPools({}), reads.bell_fd)
    assert consumer.take() is not None
    second = successor()
    assert second.publish(message, captured_ns=0)
    successor()
    (view,) = segments.link_views()
    assert (view.produced, view.waiting, view.in_hand) == (2, 1, 1)
    assert dict(view.dropped) == {}
    del first, second, consumer, writer
    gc.collect()
    segments.close()

"""A routine's links as one."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.errors import MessageError
from pipertd.flow.handover import Handover
from pipertd.flow.port import Port
from pipertd.names import Policy, RoutineRef
from pipertd.shm.bell import Bell, ring
from pipertd.shm.ledger import Ledger
from pipertd.supervisor.segments import PipelineSegments


@pytest.fixture
def source() -> Iterator[tuple[Port, int]]:
    """The port of a source within a flow, and the bell of who reads it there."""
    flow = Flow("a", (Routine("source", "no:Code"), Routine("sink", "no:Code")))
    link = Link(RoutineRef("a", "source"), RoutineRef("a", "sink"))
    segments = PipelineSegments(Pipeline("p", (flow,), (link,), shm_limit=MIB))
    spec, sink = segments.flow_specs("a")
    handover = Handover(Policy.WAIT, 4, partial(ring, spec.bell_fd), partial(ring, sink.bell_fd))
    port = Port(spec, Ledger(spec.ledger_fd, writable=True), {str(link): handover})
    yield port, sink.bell_fd
    vars(port).clear()
    gc.collect()
    segments.close()


def test_the_end_of_a_stream_wakes_who_reads_within_the_flow(source: tuple[Port, int]) -> None:
    """A reader that sleeps learns of the end at once, not at its next tick."""
    port, bell_fd = source
    port.close()
    assert Bell(bell_fd).sleep(0.0)


@pytest.mark.parametrize("position", [-1, 1.5, 1 << 64, "7"])
def test_a_position_that_is_none_is_refused(source: tuple[Port, int], position: Any) -> None:
    """It is said before anything is written, and the message counts as failed."""
    port, _ = source
    with pytest.raises(MessageError, match=r"self\.position"):
        port.send({"number": 1}, position, 0)

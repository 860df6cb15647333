"""A slot is the reader's for as long as Python holds any view of it."""

from __future__ import annotations

import errno
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.errors import LedgerInUse, MessageTooLarge, SegmentError
from pipertd.names import RoutineRef
from pipertd.shm.codec import Encoder
from pipertd.shm.consumer import Consumer
from pipertd.shm.inlink import Writer
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import Reader
from pipertd.shm.pool import Pool, ReadPools
from pipertd.shm.producer import Producer
from pipertd.supervisor.segments import PipelineSegments

SOURCE, SINK = RoutineRef("a", "source"), RoutineRef("b", "sink")
DEPTH = 2


class OneLink:
    """Both ends of one link, in one process."""

    def __init__(self, shm_limit: int = 4 * MIB) -> None:
        flows = tuple(Flow(ref.flow, (Routine(ref.routine, "no:Code"),)) for ref in (SOURCE, SINK))
        self.segments = PipelineSegments(Pipeline("p", flows, (Link(SOURCE, SINK, depth=DEPTH),), shm_limit=shm_limit))
        source, sink = self.segments.flow_specs("a")[0], self.segments.flow_specs("b")[0]
        own = Ledger(source.ledger_fd, writable=True)
        self.producer = Producer(
            own,
            Pool(source.pool_fd, own),
            [Reader(Ledger(sink.ledger_fd, writable=False), 0, sink.bell_fd, DEPTH)],
            rows=source.rows,
        )
        writer = Writer(Ledger(source.ledger_fd, writable=False), 0, source.bell_fd)
        self.consumer = Consumer(
            Ledger(sink.ledger_fd, writable=True), [writer], ReadPools(sink.read_pools), sink.bell_fd
        )
        self.producer.recover()
        self.consumer.recover()
        self.pool_fd = source.pool_fd

    def close(self) -> None:
        """Unmap everything: pytest keeps the object itself for longer."""
        gc.collect()
        self.segments.close()
        vars(self).clear()

    def send(self, value: int, size: int = 10_000) -> bool:
        message = Encoder().encode({"value": value, "array": np.full(size, value % 256, np.uint8)})
        return self.producer.publish(message, captured_ns=0)

    def receive(self) -> Any:
        taken = self.consumer.take()
        assert taken is not None
        message = self.consumer.read(taken)
        self.consumer.acknowledge()
        self.consumer.flush()
        return message

    @property
    def leased(self) -> int:
        return self.segments.link_views()[0].leased


@pytest.fixture
def link() -> Iterator[OneLink]:
    one = OneLink()
    yield one
    one.close()


def test_kept_arrays_keep_their_content(link: OneLink) -> None:
    """A reader that keeps every frame stalls its producer, and never sees one of them change."""
    kept = []
    for value in range(100):
        if not link.send(value):
            break
        kept.append(link.receive()["array"])
    assert 2 < len(kept) < 100
    assert all(np.all(array == value) for value, array in enumerate(kept))
    assert link.leased == len(kept)
    kept.clear()
    link.consumer.flush()
    assert link.send(200)
    assert link.receive()["value"] == 200
    link.consumer.flush()
    assert link.leased == 0


def test_any_view_keeps_the_slot(link: OneLink) -> None:
    """A view of a view, in a closure and in another object, is as good as the array itself."""
    link.send(7)
    view = link.receive()["array"][10:20].reshape(2, 5)[:, ::2]
    assert link.leased == 1

    holder = {"deep": [(view,)]}
    del view
    gc.collect()
    link.consumer.flush()
    assert link.leased == 1
    assert np.all(holder["deep"][0][0] == 7)
    del holder
    gc.collect()
    link.consumer.flush()
    link.producer.drain()
    assert link.leased == 0


def close_in_every_order() -> None:
    """Drop all that an array came from, in every order; what is left of it must still be readable."""
    for order in permutations(("consumer", "producer", "array", "message")):
        one = OneLink()
        assert one.send(7)
        kept: dict[str, Any] = {"message": one.receive()}
        kept["array"] = kept["message"]["array"]
        view = kept["array"][100:200].reshape(10, 10)
        for each in order:
            kept.pop(each, None)
            vars(one).pop(each, None)
            gc.collect()
            assert int(view.sum()) == 700
        del view
        one.segments.close()  # last, as the kernel does: a flow closes no descriptor of these


def test_nothing_that_is_closed_takes_an_array_with_it() -> None:
    """Whatever is closed or collected first, an array that lives is readable: no order of it kills the process."""
    script = "from tests.unit.shm.test_leases import close_in_every_order; close_in_every_order()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_received_arrays_are_read_only(link: OneLink) -> None:
    """An assignment raises, and the flag cannot be set back."""
    link.send(7)
    array = link.receive()["array"]
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


@pytest.mark.parametrize("size", [16, 10_000])
def test_private_copies_are_writable_and_keep_no_slot(link: OneLink, size: int) -> None:
    """Who says so gets memory of its own: nobody else sees what is drawn on it."""
    link.send(7, size)
    taken = link.consumer.take()
    assert taken is not None
    mine = link.consumer.read(taken, writable=True)["array"]
    mine[:] = 1
    assert np.all(link.consumer.read(taken)["array"] == 7)
    link.consumer.acknowledge()
    link.consumer.flush()
    assert np.all(mine == 1)
    assert link.leased == 0


def test_small_messages_hold_no_slot(link: OneLink) -> None:
    """What fits into an entry is copied out of it, and may be kept by the thousand."""
    kept = []
    for value in range(1_000):
        assert link.send(value, size=16)
        kept.append(link.receive()["array"])
    assert link.leased == 0
    assert all(np.all(array == value % 256) for value, array in enumerate(kept))


def test_a_full_link_takes_no_more(link: OneLink) -> None:
    """With policy wait nothing is published beyond the depth, and nothing is lost."""
    assert [link.send(value, size=1) for value in range(DEPTH + 1)] == [True] * DEPTH + [False]
    (view,) = link.segments.link_views()
    assert (view.produced, view.waiting) == (DEPTH, DEPTH)
    assert [link.receive()["value"] for _ in range(DEPTH)] == [0, 1]


def test_sizes_may_change_from_message_to_message(link: OneLink) -> None:
    """Slots are placed anew where messages grow, and what was kept stays where it is."""
    first = None
    for size in (5_000, 900_000, 2_000, 300_000, 1_200_000, 64):
        assert link.send(1, size)
        message = link.receive()
        assert len(message["array"]) == size
        first = message["array"] if first is None else first
    assert first is not None
    assert np.all(first == 1)


def test_a_message_that_can_never_fit_is_refused(link: OneLink) -> None:
    """The error names both sizes; the link goes on."""
    for _ in range(20):  # more often than there are slots
        with pytest.raises(MessageTooLarge, match=r"cannot publish \d+ bytes: .* share of shm_limit is \d+ bytes"):
            link.send(1, 5 * MIB)
    assert link.send(2)
    assert link.receive()["value"] == 2


def test_a_limit_that_cannot_be_is_refused() -> None:
    """Too much, and too little, are said with the arithmetic before anything is made."""
    with pytest.raises(SegmentError, match=r"its shm_limit is \d+ bytes and /dev/shm has \d+ free"):
        OneLink(shm_limit=1 << 50)
    with pytest.raises(SegmentError, match="raise shm_limit or lower depth"):
        OneLink(shm_limit=10_000)


def test_a_full_dev_shm_is_an_error_and_costs_no_slot(link: OneLink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no page left the producer is told, with the arithmetic, and goes on when there is room."""

    def no_space(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "posix_fallocate", no_space)
        for _ in range(20):
            with pytest.raises(SegmentError, match=r"cannot reserve \d+ bytes of shared memory: \d+ of \d+ bytes"):
                link.send(1)
    assert link.send(2)
    assert link.receive()["value"] == 2


def test_only_one_process_writes_a_ledger(link: OneLink) -> None:
    """The lock of a living writer is seen by another process."""
    fd = link.segments.flow_specs("a")[0].ledger_fd
    ledger = Ledger(fd, writable=True)  # closing any descriptor of the file would free the lock
    ledger.lock()
    code = f"from pipertd.shm.ledger import Ledger; Ledger({fd}, writable=True).lock()"
    done = subprocess.run([sys.executable, "-c", code], pass_fds=[fd], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert LedgerInUse.__name__ in done.stderr
    del ledger


def test_slots_that_rest_give_their_pages_back(link: OneLink) -> None:
    """What was free and not used between two calls has no memory any more; what is used or kept has all of it."""
    assert link.send(1, 300_000)
    kept = link.receive()
    assert link.send(2, 300_000)
    link.receive()
    link.consumer.flush()
    link.producer.drain()
    full = os.fstat(link.pool_fd).st_blocks
    link.producer.slots.rest()
    assert os.fstat(link.pool_fd).st_blocks == full
    link.producer.slots.rest()
    assert full > os.fstat(link.pool_fd).st_blocks >= 300_000 // 512
    assert np.all(kept["array"] == 1)
    for value in range(3, 9):  # rested slots are filled again
        assert link.send(value, 300_000)
        assert np.all(link.receive()["array"] == value)
        link.producer.slots.rest()

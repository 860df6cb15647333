"""What is passed on, or lent, is never copied, and its slot is free when the last reader anywhere is done."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.flow.ends import reader_of, writer_of
from pipertd.names import Policy, RoutineRef
from pipertd.shm.bell import ring
from pipertd.shm.codec import MOST_PASSED_ON, Encoder
from pipertd.shm.consumer import Consumer
from pipertd.shm.hand import Taken
from pipertd.shm.lease import lease_of
from pipertd.shm.ledger import Ledger
from pipertd.shm.pool import Pool, ReadPools
from pipertd.shm.producer import Producer
from pipertd.supervisor.segments import PipelineSegments

NAMES = ("source", "first", "second", "sink")
LARGE = 100_000


class End:
    """One routine of a chain: what a flow does with it, step by step."""

    def __init__(self, segments: PipelineSegments, name: str) -> None:
        (spec,) = segments.flow_specs(name)
        own = Ledger(spec.ledger_fd, writable=True)
        self.producer = Producer(
            own,
            Pool(spec.pool_fd, own) if spec.pool_fd >= 0 else None,
            [reader_of(each) for each in spec.outputs],
            number=spec.number,
            rows=spec.rows,
            foreign_rows=spec.foreign_rows,
            wake=partial(ring, spec.bell_fd),
        )
        writers = [writer_of(each) for each in spec.inputs]
        self.consumer = Consumer(own, writers, ReadPools(spec.read_pools), spec.bell_fd, hands=spec.hands)
        self.producer.slots.let_go_of = lambda kept: self.consumer.let_go_soon(kept.message)
        self.producer.recover()
        self.again = self.consumer.recover([kept.message for kept in self.producer.slots.kept()])

    def send(self, message: Any) -> bool:
        passes = Encoder(lambda lease: self.consumer.may_pass_on(lease) or self.producer.slots.may_pass_on(lease))
        return self.producer.publish(passes.encode(message), captured_ns=0)

    def take(self) -> Any:
        taken = self.consumer.take()
        assert isinstance(taken, Taken)
        return self.consumer.read(taken)

    def rest(self) -> None:
        gc.collect()
        self.producer.drain()
        self.consumer.flush()


class Chain:
    """Four routines in four processes, as it were."""

    def __init__(self, depth: int = 2, then: Policy = Policy.WAIT) -> None:
        """``depth`` is that of the first link, ``then`` the policy of the others."""
        flows = tuple(Flow(name, (Routine(name, "no:Code"),)) for name in NAMES)
        refs = [RoutineRef(name, name) for name in NAMES]
        first, *others = pairwise(refs)
        links = (Link(*first, depth=depth), *(Link(one, two, depth=2, policy=then) for one, two in others))
        self.segments = PipelineSegments(Pipeline("p", flows, links, shm_limit=8 * MIB))
        self.ends = {name: End(self.segments, name) for name in NAMES}

    def __getitem__(self, name: str) -> End:
        return self.ends[name]

    def rest(self) -> None:
        for name in reversed(NAMES):
            self.ends[name].rest()

    @property
    def leased(self) -> list[int]:
        self.rest()
        return [view.leased for view in self.segments.link_views()]

    def close(self) -> None:
        self.ends.clear()
        gc.collect()
        self.segments.close()


@pytest.fixture
def chain() -> Iterator[Chain]:
    made = Chain()
    yield made
    made.close()


def pass_along(chain: Chain, message: Any) -> Any:
    """Send a message down the chain; each middle adds its name. What the sink receives."""
    assert chain["source"].send(message)
    for name in ("first", "second"):
        received = chain[name].take()
        assert chain[name].send({**received, name: True})
        chain[name].consumer.acknowledge()
        del received
    received = chain["sink"].take()
    chain["sink"].consumer.acknowledge()
    return received


def test_an_array_lies_where_its_source_wrote_it(chain: Chain) -> None:
    """Two routines further it is still a view of the source's pool, and the source's slot is held until it is gone."""
    received = pass_along(chain, {"frame": np.arange(LARGE)})
    lease = lease_of(received["frame"])
    assert lease is not None
    assert lease.pool == chain.segments.flow_specs("source")[0].number
    assert np.array_equal(received["frame"], np.arange(LARGE))
    assert (received["first"], received["second"]) == (True, True)
    del lease
    assert chain.leased == [1, 1, 1]
    del received
    assert chain.leased == [0, 0, 0]


def test_a_small_piece_is_copied(chain: Chain) -> None:
    """A crop must not hold a slot that is many times its size."""
    assert chain["source"].send({"frame": np.arange(LARGE)})
    received = chain["first"].take()
    assert chain["first"].send({"crop": received["frame"][:200]})
    chain["first"].consumer.acknowledge()
    del received
    assert np.array_equal(chain["second"].take()["crop"], np.arange(200))
    chain["second"].consumer.acknowledge()
    assert chain.leased == [0, 0, 0]


def test_so_many_are_passed_on_and_no_more(chain: Chain) -> None:
    """Beyond the limit the arrays of a message are copied."""
    kept = []
    for value in range(3):
        assert chain["source"].send({"frame": np.full(LARGE, value)})
        kept.append(chain["first"].take()["frame"])
        chain["first"].consumer.acknowledge()
    arrays = kept * MOST_PASSED_ON
    assert chain["first"].send(arrays)
    received = chain["second"].take()
    assert all(np.array_equal(one, other) for one, other in zip(arrays, received, strict=True))
    del kept, arrays, received


def test_a_dead_middle_keeps_what_is_read_through_it(chain: Chain) -> None:
    """Its successor gives the slot back upstream when the reader downstream is done, and not before."""
    assert chain["source"].send({"frame": np.arange(LARGE)})
    received = chain["first"].take()
    assert chain["first"].send(received)
    chain["first"].consumer.acknowledge()
    far = chain["second"].take()
    chain["second"].consumer.acknowledge()
    vars(chain["first"]).clear()
    del received
    gc.collect()
    chain.ends["first"] = End(chain.segments, "first")
    assert chain["first"].again == []
    assert chain.leased == [1, 1, 0]
    assert np.array_equal(far["frame"], np.arange(LARGE))
    del far
    assert chain.leased == [0, 0, 0]


def test_a_loan_is_published_where_it_was_filled(chain: Chain) -> None:
    """No byte of it is copied; its slot is free when its writer and its readers have let it go."""
    memory = chain["source"].producer.slots.lend(LARGE)
    assert memory is not None
    memory[:] = 7
    lease = lease_of(memory)
    assert lease is not None
    offset = lease.offset
    del lease
    assert chain["source"].send({"frame": memory})
    with pytest.raises(ValueError, match="read-only"):
        memory[:] = 8  # a reader has this very memory
    received = chain["first"].take()
    mine = lease_of(received["frame"])
    assert mine is not None
    assert mine.offset == offset
    assert np.all(received["frame"] == 7)
    chain["first"].consumer.acknowledge()
    del received, mine
    assert chain.leased == [0, 0, 0]
    assert np.all(memory == 7)
    assert chain["source"].producer.slots.place(LARGE) is not None, "another slot: this one is still lent"
    assert np.all(memory == 7)


@pytest.fixture
def dropping_chain() -> Iterator[Chain]:
    made = Chain(depth=16, then=Policy.DROP_OLDEST)
    yield made
    made.close()


def test_a_link_that_drops_its_oldest_gives_up_what_that_passes_on(dropping_chain: Chain) -> None:
    """Where too much is passed on already the oldest message goes, not the newest, though the link itself has room."""
    source, first, second = (dropping_chain[name] for name in ("source", "first", "second"))
    for batch in (1, 2):
        arrays = []
        for number in range(5):
            assert source.send(np.full(LARGE, number, np.uint8))
            arrays.append(first.take())
            first.consumer.acknowledge()
        assert first.send({"batch": batch, "arrays": arrays})
    received = second.take()
    assert received["batch"] == 2
    assert [int(array[0]) for array in received["arrays"]] == list(range(5))
    assert all(lease_of(array) is not None for array in received["arrays"]), "none of them is a copy"
    view = dropping_chain.segments.link_views()[1]
    assert (view.produced, view.dropped) == (2, {"oldest": 1})
    del received, arrays


def test_loans_that_are_not_returned_come_to_an_end(chain: Chain) -> None:
    """Who lets a loan go without publishing it costs nobody a slot; who keeps them gets ordinary memory instead."""
    slots = chain["source"].producer.slots
    for _ in range(100):
        assert slots.lend(LARGE) is not None
    kept = [slots.lend(LARGE) for _ in range(10)]
    assert kept[0] is not None
    assert kept[-1] is None
    assert chain["source"].send({"frame": np.arange(LARGE)}), "the links have their own slots"
    del kept


def test_a_loan_is_published_once_and_copied_then(chain: Chain) -> None:
    """The same array sent again goes as a copy, so that no slot stands for two messages."""
    memory = chain["source"].producer.slots.lend(LARGE)
    assert memory is not None
    memory[:] = 1
    assert chain["source"].send({"frame": memory})
    assert chain["source"].send({"frame": memory})
    one = chain["first"].take()
    chain["first"].consumer.acknowledge()
    two = chain["first"].take()
    chain["first"].consumer.acknowledge()
    leases = [lease_of(each["frame"]) for each in (one, two)]
    assert leases[0] is not None
    assert leases[1] is not None
    assert leases[0].offset != leases[1].offset
    assert np.array_equal(one["frame"], two["frame"])
    del one, two, leases

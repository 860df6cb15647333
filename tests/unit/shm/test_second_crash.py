"""What a first crash left, and a second one could make believable."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.errors import MessageTooLarge
from pipertd.names import Policy, RoutineRef
from pipertd.shm import layout as at
from pipertd.shm.codec import MOST_PASSED_ON, Encoder
from pipertd.shm.consumer import Consumer
from pipertd.shm.inlink import Writer
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import Reader
from pipertd.shm.pool import Pool, ReadPools
from pipertd.shm.producer import Producer
from pipertd.supervisor.segments import PipelineSegments


class Dead(BaseException):
    """The process is gone."""


class Words:
    """A ledger's words whose writer dies before the store to ``fatal``."""

    def __init__(self, words: memoryview, fatal: int) -> None:
        self._words, self._fatal = words, fatal

    def __getitem__(self, index: int | slice) -> Any:
        return self._words[index]

    def __setitem__(self, index: int | slice, value: Any) -> None:
        if index == self._fatal:
            raise Dead
        self._words[index] = value


class Ends:
    """A pipeline's flows of one routine ``r`` each, every end of which can be attached again and again."""

    def __init__(self, *links: tuple[str, str], depth: int = 4) -> None:
        names = sorted({name for link in links for name in link})
        self.segments = PipelineSegments(
            Pipeline(
                "p",
                tuple(Flow(name, (Routine("r", "no:Code"),)) for name in names),
                tuple(Link(RoutineRef(one, "r"), RoutineRef(two, "r"), Policy.WAIT, depth) for one, two in links),
                shm_limit=8 * MIB,
            )
        )

    def producer(self, name: str) -> Producer:
        """A producer that has recovered."""
        spec = self.segments.flow_specs(name)[0]
        ledger = Ledger(spec.ledger_fd, writable=True)
        pool = Pool(spec.pool_fd, ledger) if spec.pool_fd >= 0 else None
        readers = [
            Reader(Ledger(each.peer_ledger_fd, writable=False), each.peer_slot, each.peer_bell_fd, each.depth)
            for each in spec.outputs
        ]
        made = Producer(ledger, pool, readers, number=spec.number, rows=spec.rows, foreign_rows=spec.foreign_rows)
        made.recover()
        return made

    def consumer(self, name: str) -> Consumer:
        """A consumer that is still to recover."""
        spec = self.segments.flow_specs(name)[0]
        writers = [
            Writer(Ledger(each.peer_ledger_fd, writable=False), each.peer_slot, each.peer_bell_fd)
            for each in spec.inputs
        ]
        ledger = Ledger(spec.ledger_fd, writable=True)
        return Consumer(ledger, writers, ReadPools(spec.read_pools), spec.bell_fd, spec.number)


@pytest.fixture
def made() -> Iterator[list[Ends]]:
    all_of_them: list[Ends] = []
    yield all_of_them
    gc.collect()
    for ends in all_of_them:
        ends.segments.close()


def encoded(**message: Any) -> Any:
    return Encoder().encode(message)


def die(*_: object) -> None:
    raise Dead


def die_before(consumer: Consumer, word: int) -> None:
    """Let the next claim die before it stores to this word."""
    consumer._hands._own = Words(consumer._words, word)  # type: ignore[assignment]
    with pytest.raises(Dead):
        consumer.take()


def test_a_hand_that_was_never_claimed_is_believed_by_nobody(made: list[Ends]) -> None:
    """Its place keeps its number until the next claim is whole; what comes again is that claim's, or nothing."""
    made.append(ends := Ends(("a", "s"), ("b", "s")))
    first, second = ends.producer("a"), ends.producer("b")
    consumer = ends.consumer("s")
    for number in range(3):
        assert second.publish(encoded(link="b", number=number), captured_ns=0)
    for _ in range(2):
        assert consumer.take() is not None
        consumer.acknowledge()
    layout = consumer._ledger.layout
    die_before(consumer, layout.ins[1].base + at.I_TAKEN)
    assert first.publish(encoded(link="a", number=0), captured_ns=0)
    consumer = ends.consumer("s")
    assert consumer.recover() == []
    die_before(consumer, layout.hand(consumer._hands._next) + at.W_LINK)
    consumer = ends.consumer("s")
    assert consumer.recover() == []
    given = []
    while (taken := consumer.take()) is not None:
        given.append(consumer.read(taken))
        consumer.acknowledge()
    assert sorted(given, key=str) == [{"link": "a", "number": 0}, {"link": "b", "number": 2}]
    assert [view.delivered for view in ends.segments.link_views()] == [1, 3]


def test_an_entry_that_was_never_committed_is_shown_by_nobody(
    made: list[Ends], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next message may be left out of that link, and has the origin that the entry has."""
    made.append(ends := Ends(("a", "b"), depth=2))
    first = ends.producer("a")
    assert first.publish(encoded(number=0), captured_ns=0)
    monkeypatch.setattr(first, "commit", die)
    with pytest.raises(Dead):
        first.publish(encoded(number=1), captured_ns=0)
    second = ends.producer("a")
    with pytest.raises(MessageTooLarge):
        second.publish(encoded(array=np.zeros(16 * MIB, np.uint8)), captured_ns=0)
    ends.producer("a")
    (view,) = ends.segments.link_views()
    assert (view.produced, view.waiting, dict(view.dropped)) == (2, 1, {"too_large": 1})


def test_as_many_arrays_are_passed_on_as_a_message_may_have(made: list[Ends]) -> None:
    """A routine that returns the last frames that it kept finds a row for each, however shallow its link is."""
    made.append(ends := Ends(("a", "b"), ("b", "c"), depth=4))
    source, middle, consumer = ends.producer("a"), ends.producer("b"), ends.consumer("b")
    kept = []
    for number in range(MOST_PASSED_ON):
        assert source.publish(encoded(frame=np.full(5000, number, np.uint8)), captured_ns=0)
        taken = consumer.take()
        assert taken is not None
        kept.append(consumer.read(taken)["frame"])
        consumer.acknowledge()
    message = Encoder(consumer.may_pass_on).encode({"frames": kept})
    assert len(message.passed) == MOST_PASSED_ON
    assert middle.publish(message, captured_ns=0)

"""What the process does with credit, over a socket and a link of its own, in a thread of the test."""

from __future__ import annotations

import contextlib
import gc
import socket
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pipertd.protocol import TapSpec
from pipertd.rpc.tap_pb2 import TapLinkResponse, TappedMessage
from pipertd.shm.codec import Encoder
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import Reader
from pipertd.shm.pool import Pool
from pipertd.shm.producer import Producer
from pipertd.tap.link import TappedLink
from pipertd.tap.process import TOO_QUICK, TapProcess
from tests.unit.shm.world import MIDDLE, World

LARGE = 3000


class Tapped:
    """The link of a producer that publishes when it is told, and the tap that looks at it."""

    def __init__(self, world: World, **wishes: Any) -> None:
        spec = world.spec(MIDDLE)
        (output,) = spec.outputs
        ledger = Ledger(spec.ledger_fd, writable=True)
        reader = Reader(Ledger(output.peer_ledger_fd, writable=False), output.peer_slot, output.peer_bell_fd, 64)
        self.producer = Producer(ledger, Pool(spec.pool_fd, ledger), [reader], number=spec.number)
        self.words, self.layout = ledger.words, ledger.layout
        self.link = TappedLink(Ledger(spec.ledger_fd, writable=False), output.slot, {spec.number: spec.pool_fd})
        self.daemon, theirs = socket.socketpair()
        self.daemon.settimeout(120)
        usual = {"form": "messagepack", "interval_s": 0.0, "picture_width": 100, "most_bytes": 1 << 20, "bgr": False}
        self._spec = TapSpec(ledger_fd=-1, column=0, pools={}, daemon_fd=-1, **{**usual, **wishes})
        self._theirs = theirs
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        with self._theirs, contextlib.suppress(OSError):
            TapProcess(self._spec, self.link, self._theirs).run()

    def begin(self) -> None:
        self._thread.start()

    def publish(self, message: object) -> None:
        encoder = Encoder(self.producer.slots.may_pass_on)
        assert self.producer.publish(encoder.encode(message), captured_ns=0)

    def answer(self) -> TappedMessage:
        head = self.daemon.recv(4, socket.MSG_WAITALL)
        content = self.daemon.recv(int.from_bytes(head, "little"), socket.MSG_WAITALL)
        return TapLinkResponse.FromString(content).message

    def close(self) -> None:
        self.daemon.close()
        if self._thread.ident is not None:
            self._thread.join()
        self._theirs.close()
        self.__dict__.clear()
        gc.collect()  # mappings have descriptors of their own


@pytest.fixture
def world() -> Iterator[World]:
    one = World(depths=(2, 60, 2), capacity=64)
    yield one
    one.close()


@pytest.fixture
def tapped(world: World) -> Iterator[Tapped]:
    one = Tapped(world)
    yield one
    one.close()


def test_one_answer_for_each_credit_and_the_newest(tapped: Tapped) -> None:
    """What passed while there was no credit is skipped, and said; what passed last before the start is shown."""
    for number in range(3):
        tapped.publish(number)
    tapped.begin()
    tapped.daemon.send(bytes([1]))
    first = tapped.answer()
    for number in range(3, 10):
        tapped.publish(number)
    tapped.daemon.send(bytes([2]))
    second = tapped.answer()
    tapped.publish(10)
    third = tapped.answer()
    assert [(each.sequence, each.skipped) for each in (first, second, third)] == [(2, 0), (9, 6), (10, 0)]
    assert (first.messagepack, third.messagepack) == (b"\x02", b"\x0a")


def test_a_message_of_several_slots_is_seen_as_long_as_all_are_held(tapped: Tapped) -> None:
    """Where one of its rows is free already, its bytes may be another's: it is gone."""
    halves = [tapped.producer.slots.lend(LARGE) for _ in range(2)]
    for number, half in enumerate(halves):
        assert half is not None
        half[:] = number
    tapped.publish(halves)
    passed = tapped.link.read(0)
    assert passed is not None
    assert [np.unique(each).tolist() for each in passed.content] == [[0], [1]]
    assert passed.length > 2 * LARGE
    held = [tapped.layout.hold_of(row, 0) for row in range(tapped.layout.rows)]
    rows = [word for word in held if tapped.words[word]]
    assert len(rows) == 2
    tapped.words[rows[1]] = 0
    assert tapped.link.read(0) is None


def test_a_message_of_an_unknown_pool_is_omitted_in_words(tapped: Tapped) -> None:
    """A pool that was linked after the tap began is named as such."""
    tapped.publish(np.zeros(LARGE, np.uint8))
    tapped.link._pools = {}
    passed = tapped.link.read(0)
    assert passed is not None
    assert "linked after the tap began" in passed.omitted


def test_who_sees_nothing_for_long_is_told_why(tapped: Tapped, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tap whose every copy is overtaken says so for its credit, and does not wait for ever."""
    monkeypatch.setattr("pipertd.tap.process.PATIENCE_S", 0.0)
    tapped.begin()
    tapped.daemon.send(bytes([1]))
    tapped.publish(np.zeros(LARGE, np.uint8))
    tapped.answer()
    tapped.publish(np.zeros(LARGE, np.uint8))
    for row in range(tapped.layout.rows):
        tapped.words[tapped.layout.hold_of(row, 0)] = 0
    tapped.daemon.send(bytes([1]))
    assert tapped.answer().omitted == TOO_QUICK


def test_a_picture_that_is_too_long_is_omitted(world: World) -> None:
    """The words say how large it is, and what is sent at most."""
    tapped = Tapped(world, form="png", most_bytes=50)
    try:
        tapped.publish({"frame": np.random.default_rng(1).integers(0, 256, (40, 40), np.uint8)})
        tapped.begin()
        tapped.daemon.send(bytes([1]))
        assert "its picture of 40 x 40 is" in tapped.answer().omitted
    finally:
        tapped.close()

"""What a producer that found no room looks for before it sleeps: nothing that came in between is missed."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import numpy as np
import pytest

from tests.unit.shm.test_second_crash import Ends, encoded

LARGE = np.zeros(5000, np.uint8)


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends(("a", "b"), depth=1)
    yield made
    gc.collect()
    made.segments.close()


def test_room_that_was_made_before_it_was_asked_for_is_news(ends: Ends) -> None:
    """The consumer may take a message between the refusal and the question."""
    producer, consumer = ends.producer("a"), ends.consumer("b")
    assert producer.publish(encoded(number=0), captured_ns=0)
    assert not producer.publish(encoded(number=1), captured_ns=0)
    assert not producer.ask_for_room(most=False)()
    assert consumer.take() is not None
    assert producer.ask_for_room(most=False)()


def test_a_slot_that_came_back_before_it_was_asked_for_is_news(ends: Ends) -> None:
    """It may be taken back between the refusal and the question, and then no return waits any more."""
    producer, consumer = ends.producer("a"), ends.consumer("b")
    kept = []
    while producer.publish(encoded(array=LARGE), captured_ns=0):
        taken = consumer.take()
        assert taken is not None
        kept.append(consumer.read(taken)["array"])
        consumer.acknowledge()
    news = producer.ask_for_room(most=False)
    assert not news()
    kept.clear()
    consumer.flush()
    producer.drain()
    assert news()
    assert producer.publish(encoded(array=LARGE), captured_ns=0)

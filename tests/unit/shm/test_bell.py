"""The bell: a hint that is never lost, and never blocks."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pipertd.shm.bell import Bell, create_bell, ring


@pytest.fixture
def bell() -> Iterator[Bell]:
    one = Bell(create_bell())
    yield one
    os.close(one.fd)


def test_one_sleep_hears_all_rings_before_it(bell: Bell) -> None:
    """However often it was rung, even more often than it can count, it wakes once, and then is silent."""
    for _ in range(10_000):
        ring(bell.fd)
    assert bell.sleep()
    assert not bell.sleep(0.0)
    ring(bell.fd)
    assert bell.sleep()


def test_it_can_be_opened_once_more(bell: Bell) -> None:
    """Whoever opens it through /proc rings the same bell, and it rings when the first one has closed it."""
    again = Bell(os.open(f"/proc/{os.getpid()}/fd/{bell.fd}", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC))
    try:
        ring(bell.fd)
        assert again.sleep()
        ring(again.fd)
        assert bell.sleep()
    finally:
        os.close(again.fd)


def test_no_child_inherits_it_by_accident(bell: Bell) -> None:
    """It is close-on-exec."""
    assert not os.get_inheritable(bell.fd)

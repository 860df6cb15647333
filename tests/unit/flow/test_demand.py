"""What a routine can take, with all that lies behind it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipertd.flow.demand import MOST_BEHIND, SLACK, UNKNOWN_S, Consumer, demand_s, share_of

FAST, SLOW = Consumer(0.01), Consumer(0.1)


def test_the_fastest_consumer_sets_the_pace() -> None:
    """Of two branches that drop the faster one is not starved; the slower one loses what it cannot take."""
    assert demand_s([FAST, SLOW]) == pytest.approx(0.01 * SLACK)


def test_who_makes_its_producer_wait_is_not_left_behind() -> None:
    """A link that waits holds the producer anyway, so the slowest of these sets the pace."""
    assert demand_s([FAST, SLOW._replace(holds=True)]) == pytest.approx(0.1 * SLACK)


def test_who_takes_nothing_is_not_waited_for() -> None:
    """A paused or dead consumer needs nothing, so the others set the pace; where all are so, the last pace is kept."""
    gone = FAST._replace(needs=False)
    assert demand_s([gone, SLOW]) == pytest.approx(0.1 * SLACK)
    assert demand_s([gone]) == pytest.approx(0.01 * SLACK)


def test_what_waits_comes_to_an_end() -> None:
    """Where messages wait the next one comes later, so that they are not always so old; and never not at all."""
    assert FAST.next_s < FAST._replace(waiting=1).next_s < FAST._replace(waiting=2).next_s
    assert FAST._replace(waiting=4096).next_s == pytest.approx(0.01 * SLACK * MOST_BEHIND)


def test_who_said_nothing_yet_is_given_little() -> None:
    """Until a consumer is set up, messages come seldom; where it takes them at once, nothing holds them."""
    assert demand_s([Consumer(0.0, waiting=1)]) == UNKNOWN_S
    assert demand_s([Consumer(0.0)]) == 0.0


def test_what_is_not_passed_on_needs_no_time_behind() -> None:
    """Before a routine that passes on one message of ten, ten times as many can come."""
    assert demand_s([SLOW], passed_on=0.1) == pytest.approx(0.01 * SLACK)


def test_without_consumers_nothing_holds() -> None:
    """A destination can take what it can take itself."""
    assert demand_s([]) == 0.0


def test_sources_share_a_consumer() -> None:
    """Each may have what the others leave, and a fair part at least."""
    assert share_of(0.02, links=1, others_rate=0.0) == 1.0
    assert share_of(0.02, links=2, others_rate=10.0) == pytest.approx(0.8)
    assert share_of(0.02, links=2, others_rate=50.0) == 0.5


@given(period_s=st.floats(1e-6, 100), rates=st.lists(st.floats(0, 1e6), min_size=1, max_size=6))
def test_shares_are_enough(period_s: float, rates: list[float]) -> None:
    """Shares of all links together take all of a consumer, and none is nothing."""
    total = sum(rates)
    shares = [share_of(period_s, len(rates), total - rate) for rate in rates]
    assert all(0 < share <= 1 for share in shares)
    assert sum(shares) >= 0.999

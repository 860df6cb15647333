"""How many lines of the log somebody who is refused can have written."""

from __future__ import annotations

from pipertd.control.refusals import EVERY_S, MOST_CALLERS, Refusals


def test_a_line_stands_for_those_that_had_none() -> None:
    """One refusal is logged at once; of those that follow within a second, the next line says how many there were."""
    refusals = Refusals()
    assert refusals.count("olga", 10.0) == 1
    assert [refusals.count("olga", 10.0 + EVERY_S * part / 10) for part in range(1, 10)] == [None] * 9
    assert refusals.count("olga", 10.0 + EVERY_S) == 10
    assert refusals.count("olga", 20.0) == 1


def test_one_caller_silences_no_other() -> None:
    """Each has a line of its own."""
    refusals = Refusals()
    assert refusals.count("olga", 10.0) == 1
    assert refusals.count("otto", 10.0) == 1
    assert refusals.count("olga", 10.0) is None


def test_what_is_known_of_callers_is_bounded() -> None:
    """Beyond the bound, who was told of longest ago is told of again."""
    refusals = Refusals()
    assert {refusals.count(str(number), 10.0) for number in range(MOST_CALLERS + 1)} == {1}
    assert refusals.count(str(MOST_CALLERS), 10.0) is None
    assert refusals.count("0", 10.0) == 1

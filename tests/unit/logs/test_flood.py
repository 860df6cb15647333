"""The allowances of one flow."""

from __future__ import annotations

from pathlib import Path

from pipertd.logs.content import MOST_TEXT
from pipertd.logs.flood import A_SECOND, BURST, Allowance, Flood
from pipertd.logs.writer import MAX_FILE_BYTES


def test_an_allowance_comes_back_with_time() -> None:
    """So much at once, and then as much as its rate gives, but never more than the burst."""
    now_s = [0.0]
    allowance = Allowance(3, 2.0, lambda: now_s[0])
    assert [allowance.take(10) for _ in range(5)] == [True, True, True, False, False]
    now_s[0] = 1.0
    assert [allowance.take(10) for _ in range(3)] == [True, True, False]
    now_s[0] = 1000.0
    assert [allowance.take(10) for _ in range(4)] == [True, True, True, False]


def test_what_is_large_counts_for_more() -> None:
    """It is written however large it is, and what comes behind it waits until it is paid for."""
    now_s = [0.0]
    allowance = Allowance(2, 1.0, lambda: now_s[0])
    assert allowance.take(10 * 1024)
    now_s[0] = 8.0
    assert not allowance.take(10)
    now_s[0] = 10.0
    assert allowance.take(10)


def test_what_was_suppressed_is_told_seldom_and_never_forgotten() -> None:
    """Once in a while, with all that came meanwhile, and at the end in any case."""
    now_s = [0.0]
    flood = Flood(0, 0.0, lambda: now_s[0])
    assert flood.told() == ""
    flood.admits_record(20, 1)
    assert flood.told() == "1 records"
    flood.admits_record(20, 1)
    flood.admits_line(1, 1)
    assert flood.told() == ""
    now_s[0] = 6.0
    flood.admits_line(2, 1)
    assert flood.told() == "1 records and 2 lines of prints"
    flood.admits_line(2, 1)
    assert flood.told(at_last=True) == "1 lines of prints"
    assert flood.told(at_last=True) == ""


def test_the_page_of_logs_says_how_much_may_be_written() -> None:
    """The numbers that people read are those of the code."""
    page = (Path(__file__).parents[3] / "docs/logs.md").read_text()
    assert f"{BURST:,} at once and {A_SECOND:,} a second" in page
    assert f"cut to {MOST_TEXT // 1024} Ki characters" in page
    assert f"turned over at {MAX_FILE_BYTES >> 20} MiB" in page

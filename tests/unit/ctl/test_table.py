"""Tables in any width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipertd.ctl.table import Column, Table
from pipertd.ctl.terminal import Colour, Style, shortened, width

COLUMNS = (
    Column("LINK"),
    Column("COUNT", number=True),
    Column("DROPPED", optional=True, colour=lambda text: None if text == "0" else Colour.RED),
    Column("BYTES", rank=2, number=True),
    Column("RATE", rank=1, number=True),
)
ROWS = (("capture/decode -> analyse/motion", "1200", "0", "6.1M", "25.0/s"), ("a/b -> c/d", "7", "0", "-", "0.0/s"))


def shown(style: Style, rows: tuple[tuple[str, ...], ...] = ROWS) -> list[str]:
    return list(Table(COLUMNS, rows, style).lines())


def test_a_pipe_gets_everything() -> None:
    """Each column is as wide as its content, numbers stand at its right edge, and nothing follows the last cell."""
    assert shown(Style()) == [
        "LINK                              COUNT  BYTES    RATE",
        "capture/decode -> analyse/motion   1200   6.1M  25.0/s",
        "a/b -> c/d                            7      -   0.0/s",
    ]


def test_what_is_needed_least_goes_first() -> None:
    """Where there is no room the column of the highest rank is left out, then the next, and it is said which."""
    assert shown(Style(50))[0].split() == ["LINK", "COUNT", "RATE"]
    assert shown(Style(40))[0].split() == ["LINK", "COUNT"]
    assert Table(COLUMNS, ROWS, Style(40)).left_out == ("BYTES", "RATE")


def test_at_last_the_widest_is_shortened() -> None:
    """What may not be left out is cut in its middle, where names differ least from what is left."""
    assert shown(Style(30))[1] == "capture/dec…lyse/motion   1200"


def test_bad_news_is_never_left_out() -> None:
    """It has no column where there is none, and one however narrow the terminal is, where there is some."""
    rows = ((*ROWS[0][:2], "3 oldest", *ROWS[0][3:]), ROWS[1])
    assert "DROPPED" not in shown(Style(80))[0]
    assert shown(Style(40), rows)[0].split() == ["LINK", "COUNT", "DROPPED"]
    assert "\x1b[31m3 oldest\x1b[0m" in shown(Style(80, colour=True), rows)[1]


@given(st.lists(st.tuples(*[st.text(max_size=30)] * 5), max_size=4), st.integers(26, 100))
def test_no_line_is_wider_than_the_terminal(rows: list[tuple[str, ...]], columns: int) -> None:
    """Whatever the cells hold: wide signs, control characters, line breaks."""
    for line in shown(Style(columns), tuple(rows)):
        assert width(line) <= columns
        assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "columns", "middle", "expected"),
    [
        ("analyse", 7, False, "analyse"),
        ("analyse", 5, False, "anal…"),
        ("analyse", 5, True, "an…se"),
        ("交通摄像头", 5, False, "交通…"),
        ("analyse", 1, True, "…"),
    ],
)
def test_shortened(text: str, columns: int, middle: bool, expected: str) -> None:
    """An ellipsis stands for what is missing, and wide signs count twice."""
    assert shortened(text, columns, middle=middle) == expected

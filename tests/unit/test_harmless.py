"""Text of others as it may go to a terminal."""

from __future__ import annotations

from unicodedata import bidirectional, category

from hypothesis import given
from hypothesis import strategies as st

from pipertd.harmless import harmless, in_a_line, set_off


def test_control_characters_are_shown() -> None:
    """What a flow logs cannot clear the screen or set the title of a terminal; lines and tabs stay."""
    assert harmless("a\x1b[2Jb\x9b\tc\nd\x07\u202ee\u2028") == "a\\x1b[2Jb\\x9b\tc\nd\\x07\\u202ee\\u2028"


@given(st.text())
def test_nothing_steers(text: str) -> None:
    """No control but lines and tabs is left, and nothing that turns the direction of writing."""
    for each in harmless(text):
        assert category(each) not in ("Cc", "Zl", "Zp") or each in "\n\t"
        assert bidirectional(each) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


@given(st.text())
def test_only_the_first_line_begins_at_the_edge(text: str) -> None:
    """However a terminal or a reader of the journal breaks lines."""
    assert all(not line or line.startswith("  ") for line in set_off(text).splitlines()[1:])
    assert len(in_a_line(text).splitlines()) <= 1

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipertd.ctl.graph.graph import Edge, Graph, Node
from pipertd.ctl.graph.text import drawing
from tests.unit.ctl.graph.graphs import graph


def drawn(nodes: str, links: str) -> str:
    return drawing(graph(nodes, links)).removeprefix("p\n\n")


@pytest.mark.parametrize(
    ("nodes", "links", "expected"),
    [
        (
            "abc",
            "ab bc",
            """\
            ● f/a
            ● f/b
            ● f/c
            """,
        ),
        (
            "abcd",
            "ab ac bd cd",
            """\
            ● f/a
            ├─╮
            ● │ f/b
            │ ● f/c
            ├─╯
            ● f/d
            """,
        ),
        (
            "abcd",
            "ab ac ad",
            """\
            ● f/a
            ├─┬─╮
            ● │ │ f/b
              ● │ f/c
                ● f/d
            """,
        ),
        (
            "abcd",
            "ad bd cd",
            """\
            ● f/a
            │ ● f/b
            │ │ ● f/c
            ├─┴─╯
            ● f/d
            """,
        ),
        (
            "abcde",
            "ab ac bd be ce",
            """\
            ● f/a
            ├─╮
            ● │ f/b
            ├─┼─╮
            ● │ │ f/d
              ● │ f/c
              ├─╯
              ● f/e
            """,
        ),
    ],
    ids=["line", "diamond", "fan-out", "fan-in", "crossing"],
)
def test_shapes_are_drawn_as_they_are(nodes: str, links: str, expected: str) -> None:
    """Each link keeps its lane from its source down to its destination; lanes cross, fork and join."""
    assert drawn(nodes, links) == textwrap.dedent(expected)


def test_a_cycle_is_said_and_the_rest_drawn() -> None:
    """What no definition may have, a file that is being written can; the link that leads back is told in words."""
    assert drawn("abc", "ab bc ca") == "● f/a\n● f/b\n● f/c\n↺ f/c → f/a: closes a cycle\n"
    assert drawn("a", "aa") == "● f/a\n↺ f/a → f/a: closes a cycle\n"


def test_links_tell_of_themselves_above_their_destination() -> None:
    """One line for each link, in its own lane."""
    told = drawing(graph("abc", "ac bc", said="1 of 4 waiting")).splitlines()[2:]
    assert told == [
        "● f/a",
        "│ ● f/b",
        "│ │   a → c: 1 of 4 waiting",
        "│ │   b → c: 1 of 4 waiting",
        "├─╯",
        "● f/c",
    ]


def test_a_wide_fan_out_is_told_in_words() -> None:
    """Where lanes would leave no room for words, links are lines of words."""
    wide = Graph(
        "p",
        tuple(Node("f", f"n{each}") for each in range(40)),
        tuple(Edge("f/n0", f"f/n{each}") for each in range(1, 40)),
    )
    lines = drawing(wide).splitlines()
    assert lines[2:4] == ["● f/n0", "│   → f/n1"]
    assert max(map(len, lines)) <= 80


NAMES = "abcdefghijkl"
LINKS = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), unique=True, max_size=20)


@given(LINKS, st.integers(min_value=20, max_value=120))
def test_any_pipeline_fits_and_is_whole(links: list[tuple[str, str]], width: int) -> None:
    """Whatever is linked to what: no line is too long, each routine stands once, each link is told once."""
    some = graph(NAMES, " ".join("".join(each) for each in links), said="x")
    lines = drawing(some, width).splitlines()
    assert max(map(len, lines)) <= width
    assert sorted(each.split("●")[1].replace("│", "").strip() for each in lines if "●" in each) == [
        f"f/{n}" for n in NAMES
    ]
    assert sum("→" in each for each in lines) == len(links)


@given(LINKS)
def test_ascii_says_the_same(links: list[tuple[str, str]]) -> None:
    """A terminal without Unicode gets as many lines, of ASCII alone."""
    some = graph(NAMES, " ".join("".join(each) for each in links))
    plain = drawing(some, ascii_only=True)
    assert plain.isascii()
    assert plain.count("\n") == drawing(some).count("\n")
    assert plain.count("*") == len(NAMES)

"""Mermaid and Graphviz: names are hostile, and what is written keeps to the grammar."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipertd.ctl.graph import dot, mermaid
from pipertd.ctl.graph.graph import Edge, Graph, Node

HOSTILE = 'a"]; end --> %% <script>\\" `x` #quot; é\n|b'
WORDS = st.text(max_size=30)
# Of https://mermaid.js.org/syntax/flowchart.html what is used: a quoted text ends at the next quote.
QUOTED = r'"[\w _\-./:,()#;]*"'
MERMAID = re.compile(
    rf"  subgraph f\d+\[{QUOTED}\]|    r\d+\[\"[\w _\-./:,()#;]*(<br/>[\w _\-./:,()#;]*)?\"\]|  end"
    rf"|  r\d+ (-->|-\.->)(\|{QUOTED}\|)? r\d+"
)
# https://graphviz.org/doc/info/lang.html: in a quoted text only an escaped quote is special.
DOT_TEXT = r'"(?:[^"\\]|\\.)*"'
DOT = re.compile(
    "|".join(
        [
            rf"digraph {DOT_TEXT} {{",
            r"  (graph|node|edge) \[.*\];",
            r"  subgraph cluster_\d+ {",
            rf"    label={DOT_TEXT}; color=\w+;",
            rf"    {DOT_TEXT} \[label={DOT_TEXT}\];",
            rf"  {DOT_TEXT} -> {DOT_TEXT} \[label={DOT_TEXT}(, color=red)?\];",
            r"(  )?}",
        ]
    ),
    re.DOTALL,
)


def graph(words: str) -> Graph:
    return Graph(
        words,
        (Node(words, words, "RUNNING", words), Node("g", "b", "FAILED, paused")),
        (Edge(f"{words}/{words}", "g/b", words, blocked=True), Edge("g/b", f"{words}/{words}")),
    )


@given(WORDS)
def test_mermaid_keeps_to_its_grammar(words: str) -> None:
    """Whatever a name is, every line is one of the grammar's, and nothing of it is markup."""
    *_, rest = mermaid.drawing(graph(words)).split("flowchart LR\n")
    assert [line for line in rest.rstrip("\n").split("\n") if MERMAID.fullmatch(line) is None] == []


@given(WORDS)
def test_dot_keeps_to_its_grammar(words: str) -> None:
    """Whatever a name is, a quoted text ends where we end it."""
    lines = dot.drawing(graph(words.replace("\r", ""))).rstrip("\n").split("\n")
    assert [line for line in lines if DOT.fullmatch(line) is None] == []


def test_a_blocked_link_looks_like_one() -> None:
    """Dashed in Mermaid, red in Graphviz; a flow that failed is red too."""
    assert "r0 -.->|" in mermaid.drawing(graph("a"))
    text = dot.drawing(graph("a"))
    assert '"a/a" -> "g/b" [label="a", color=red];' in text
    assert 'label="g (FAILED, paused)"; color=red;' in text


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
@pytest.mark.parametrize("words", [HOSTILE, "plain", ""])
def test_graphviz_draws_it(words: str) -> None:
    """What dot itself takes is right."""
    done = subprocess.run(["dot", "-Tsvg"], input=dot.drawing(graph(words)), capture_output=True, text=True, check=True)
    assert "</svg>" in done.stdout
    assert done.stderr == ""

"""Which messages of several links belong together."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipertd.flow.synced import MATCH, Head, Synced, decide

MS = 1_000_000
WITHIN_S = 0.02


def heads(*times_ms: float | None, full: Sequence[int] = (), over: Sequence[int] = ()) -> list[Head]:
    return [
        Head(None if each is None else round(each * MS), place in full, place in over)
        for place, each in enumerate(times_ms)
    ]


@pytest.mark.parametrize(
    ("next_ones", "move"),
    [
        (heads(None, None), None),
        (heads(100, 120), MATCH),
        (heads(100, 121), 0),
        (heads(121, 100), 1),
        (heads(100, None), None),
        (heads(100, None, full=[0]), 0),
        (heads(100, None, over=[1]), 0),
        (heads(None, None, over=[0, 1]), None),
        (heads(100, 130, None), 0),
        (heads(100, 110, None), None),
        (heads(110, 100, None, full=[0, 1]), 1),
        (heads(110, 100, None, full=[0]), 0),
        (heads(100, 110, 120, full=[0], over=[1]), MATCH),
    ],
)
def test_moves(next_ones: list[Head], move: int | None) -> None:
    """What fits is joined; the oldest goes when nothing can fit it; and where a link is full, nothing is waited for."""
    assert decide(next_ones, WITHIN_S) == move


Times = list[list[int]]  # of each link, in milliseconds


def joined(links: Times, depth: int, order: Sequence[int]) -> tuple[list[tuple[int, ...]], list[list[int]]]:
    """What is joined, and what of each link is not, where ``order`` says which link's next message arrives.

    A message that finds its link full is given when there is room, as by a link that waits.
    """
    coming, rings = [list(each) for each in links], [[] for _ in links]  # type: ignore[var-annotated]
    sets, alone = [], [[] for _ in links]  # type: ignore[var-annotated]
    turns = [*order, *[place for place, each in enumerate(links) for _ in each] * len(links)]
    for place in turns:
        if coming[place] and len(rings[place]) < depth:
            rings[place].append(coming[place].pop(0))
        while True:
            now = [
                Head(ring[0] * MS if ring else None, len(ring) >= depth, not rest)
                for ring, rest in zip(rings, coming, strict=True)
            ]
            move = decide(now, WITHIN_S)
            if move is None:
                break
            if move == MATCH:
                sets.append(tuple(ring.pop(0) for ring in rings))
            else:
                alone[move].append(rings[move].pop(0))
    assert not any(coming), "somebody waits for ever"
    assert not any(rings), "something is kept for ever"
    return sets, alone


LINKS = st.lists(st.lists(st.integers(0, 400), max_size=12, unique=True).map(sorted), min_size=2, max_size=3)


@given(links=LINKS, depth=st.integers(1, 4), order=st.lists(st.integers(0, 2), max_size=60))
def test_every_message_is_joined_or_counted(links: Times, depth: int, order: list[int]) -> None:
    """Each ends once, in order; what is joined was captured closely; and no link stands still for another."""
    sets, alone = joined(links, depth, [each % len(links) for each in order])
    assert all(max(each) - min(each) <= WITHIN_S * 1000 for each in sets)
    for place, times in enumerate(links):
        assert sorted([each[place] for each in sets] + alone[place]) == times
        assert [each[place] for each in sets] == sorted(each[place] for each in sets)
        assert alone[place] == sorted(alone[place])


@given(
    ticks=st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(-9, 9)), max_size=20),
    order=st.lists(st.integers(0, 1), max_size=60),
)
def test_all_that_belong_together_are_joined(ticks: list[tuple[bool, bool, int]], order: list[int]) -> None:
    """Two cameras on one clock, each of which loses what it will: every tick that both have is joined, in any order."""
    left = [100 * tick for tick, (has, _, _) in enumerate(ticks) if has]
    right = [100 * tick + off for tick, (_, has, off) in enumerate(ticks) if has]
    sets, _ = joined([left, right], len(ticks) + 1, order)
    both = [(100 * tick, 100 * tick + off) for tick, (one, two, off) in enumerate(ticks) if one and two]
    assert sets == both


@pytest.mark.parametrize("names", [(), ("left",), ("left", "left"), ("left", 1)])
def test_what_cannot_be_joined_is_refused(names: tuple[str, ...]) -> None:
    """Two or more routines, each once: said where the class is read."""
    with pytest.raises(ValueError, match="cannot join"):
        Synced(*names, within=0.1)


def test_no_time_is_less_than_none() -> None:
    """Within is 0 or more."""
    with pytest.raises(ValueError, match="within"):
        Synced("left", "right", within=-1.0)

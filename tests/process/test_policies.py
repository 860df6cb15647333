"""What a full link does, between real processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipertd.clock import monotonic_s
from pipertd.definition.model import Link, Pipeline
from pipertd.names import Policy, RoutineRef
from pipertd.supervisor.view import State
from tests.process.supervised import HERE, Live, flow, go

AMOUNT = 100
MAX_AGE_S = 0.2


def pipeline(folder: Path, *, policy: Policy, depth: int, max_age_s: float | None = None) -> Pipeline:
    """A source of AMOUNT numbers, and a destination that is busy with the first until there is ``folder/gate``."""
    return Pipeline(
        "p",
        (
            flow("a", "CountBehind", amount=AMOUNT, behind=folder / "numbers"),
            flow("b", "Gate", file=folder / "numbers", gate=folder / "gate"),
        ),
        (Link(RoutineRef("a", "r"), RoutineRef("b", "r"), policy, depth, max_age_s),),
        path=(str(HERE),),
        shm_limit=16 << 20,
    )


def seen(folder: Path) -> list[int]:
    file = folder / "numbers"
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.parametrize(
    ("policy", "depth", "numbers", "dropped"),
    [
        (Policy.DROP_OLDEST, 1, [0, AMOUNT - 1], {"oldest": AMOUNT - 2}),
        (Policy.DROP_OLDEST, 3, [0, AMOUNT - 3, AMOUNT - 2, AMOUNT - 1], {"oldest": AMOUNT - 4}),
        (Policy.DROP_NEWEST, 1, [0, 1], {"newest": AMOUNT - 2}),
    ],
)
def test_full_link_drops_what_it_says(
    tmp_path: Path, policy: Policy, depth: int, numbers: list[int], dropped: dict[str, int]
) -> None:
    """A busy consumer gets the newest messages or the oldest, and every other one is counted by its reason."""

    async def story(live: Live) -> None:
        await live.until(lambda: live.flow("a").state is State.EXITED, "the end of the source")
        (tmp_path / "gate").touch()
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        link = live.link()
        assert seen(tmp_path) == numbers
        assert (link.produced, link.delivered, dict(link.dropped)) == (AMOUNT, len(numbers), dropped)

    go(tmp_path, pipeline(tmp_path, policy=policy, depth=depth), story)


def test_stale_messages_are_dropped_when_taken(tmp_path: Path) -> None:
    """What waited for longer than max_age is counted and not handled; what is younger is."""

    async def story(live: Live) -> None:
        await live.until(lambda: live.link().waiting == 4 and seen(tmp_path) == [0], "a full link")
        full_s = monotonic_s()
        await live.until(lambda: monotonic_s() - full_s > 2 * MAX_AGE_S, "what waits to be too old")
        (tmp_path / "gate").touch()
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        link = live.link()
        assert link.dropped["stale"] >= 4
        assert not {1, 2, 3, 4} & set(seen(tmp_path))
        assert len(seen(tmp_path)) == link.delivered == AMOUNT - link.dropped["stale"]

    go(tmp_path, pipeline(tmp_path, policy=Policy.WAIT, depth=4, max_age_s=MAX_AGE_S), story)

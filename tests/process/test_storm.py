"""A storm of kill -9 over a pipeline with a fan-out and a link within a flow: nothing is lost, torn or leaked."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from itertools import pairwise
from pathlib import Path

import pytest

from pipertd.definition.model import Flow, Link, Pipeline, Restart, Routine
from pipertd.names import RoutineRef
from pipertd.supervisor.view import State
from tests.process.supervised import HERE, Live, supervised

MESSAGES = 3_000
KILLS = 20
LONG_S = 240.0


def _pipeline(folder: Path) -> Pipeline:
    """a/source → b/middle → c/store; a/source → d/middle → d/store; a/source → a/relay → e/store.

    The last link of the second and the first of the third are within their flow.
    """
    at_once = Restart(backoff_first_s=0.001, backoff_most_s=0.001, limit=10_000)

    def flow(name: str, *routines: Routine) -> Flow:
        return Flow(name, routines, at_once)

    def store(name: str) -> Routine:
        return Routine("store", "frames:Store", {"file": str(folder / name)})

    middle = Routine("middle", "frames:Middle")
    return Pipeline(
        "p",
        (
            flow("a", Routine("source", "frames:Source", {"amount": MESSAGES}), Routine("relay", "frames:Middle")),
            flow("b", middle),
            flow("c", store("far")),
            flow("d", middle, store("near")),
            flow("e", store("relayed")),
        ),
        (
            Link(RoutineRef("a", "source"), RoutineRef("b", "middle")),
            Link(RoutineRef("b", "middle"), RoutineRef("c", "store"), depth=1),
            Link(RoutineRef("a", "source"), RoutineRef("d", "middle"), depth=2),
            Link(RoutineRef("d", "middle"), RoutineRef("d", "store")),
            Link(RoutineRef("a", "source"), RoutineRef("a", "relay")),
            Link(RoutineRef("a", "relay"), RoutineRef("e", "store")),
        ),
        path=(str(HERE),),
        shm_limit=64 << 20,
    )


async def _kill_now_and_then(live: Live, chance: random.Random) -> int:
    """SIGKILL a flow or two at once, each time after some more messages; how many were killed."""
    killed = 0
    while killed < KILLS:
        goal = live.link(0).delivered + chance.randrange(20, 120)
        await live.until(lambda goal=goal: live.link(0).delivered >= min(goal, MESSAGES), "progress")  # type: ignore[misc]
        pids = [flow.pid for flow in live.view().flows if flow.pid is not None]
        if live.view().state.at_rest or not pids:
            break
        for pid in chance.sample(pids, min(len(pids), chance.choice((1, 1, 2)))):
            try:
                os.kill(pid, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:  # it died meanwhile
                pass
    return killed


@pytest.mark.parametrize("seed", [1, 2])
def test_storm_of_kills_loses_nothing(tmp_path: Path, seed: int) -> None:
    """Every message arrives whole and in order, what comes twice says so, and every link's count holds."""

    async def run() -> None:
        async with supervised(tmp_path, _pipeline(tmp_path)) as live:
            killed = await _kill_now_and_then(live, random.Random(seed))
            async with asyncio.timeout(LONG_S):
                view = await live.supervisor.wait_ended("p")
            assert killed >= KILLS // 2
            assert view.state is State.EXITED, live.log()
            assert sum(flow.restarts for flow in view.flows) >= killed // 2
            for link in view.links:
                assert (link.produced, link.delivered) == (MESSAGES, MESSAGES), link
                assert (link.failed, link.in_flight, link.quarantined, dict(link.dropped)) == (0, 0, 0, {}), link

    asyncio.run(run())
    for name in ("far", "near", "relayed"):
        seen = [tuple(map(int, line.split())) for line in (tmp_path / name).read_text().splitlines()]
        numbers = [number for number, _ in seen]
        assert sorted(set(numbers)) == list(range(MESSAGES))
        assert numbers == sorted(numbers)
        again = [attempt for (before, _), (number, attempt) in pairwise(seen) if number == before]
        assert all(attempt >= 2 for attempt in again)

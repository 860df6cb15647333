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
from pipertd.names import Policy, RoutineRef
from pipertd.supervisor.view import State
from tests.process.supervised import HERE, Live, supervised

LONG_S = 500.0
STORES = {"far": 1, "near": 3, "relayed": 5, "passed": 9}  # each store's file, and the place of the link into it


def _pipeline(folder: Path, messages: int, policy: Policy = Policy.WAIT) -> Pipeline:
    """Four ways: by a middle; by one within the store's flow; by one within the source's flow; passed on three times.

    a/source → b/middle → c/store; a/source → d/middle → d/store; a/source → a/relay → e/store;
    a/source → f/relay → g/first → g/second → h/store.
    """
    at_once = Restart(backoff_first_s=0.001, backoff_most_s=0.001, limit=10_000)

    def flow(name: str, *routines: Routine) -> Flow:
        return Flow(name, routines, at_once)

    def store(name: str, added: int = 1) -> Routine:
        return Routine("store", "frames:Store", {"file": str(folder / name), "added": added})

    def link(source: str, destination: str, depth: int = 4) -> Link:
        ends = [RoutineRef(*end.split("/")) for end in (source, destination)]
        return Link(ends[0], ends[1], policy, depth)

    fps = None if policy is Policy.WAIT else 500.0  # where nothing waits, it would be over before the first kill
    middle = Routine("middle", "frames:Middle")
    return Pipeline(
        "p",
        (
            flow("a", Routine("source", "frames:Source", {"amount": messages}, fps), Routine("relay", "frames:Middle")),
            flow("b", middle),
            flow("c", store("far")),
            flow("d", middle, store("near")),
            flow("e", store("relayed")),
            flow("f", Routine("relay", "frames:Relay")),
            flow("g", Routine("first", "frames:Relay"), Routine("second", "frames:Relay")),
            flow("h", store("passed", added=0)),
        ),
        (
            link("a/source", "b/middle"),
            link("b/middle", "c/store", depth=1),
            link("a/source", "d/middle", depth=2),
            link("d/middle", "d/store"),
            link("a/source", "a/relay"),
            link("a/relay", "e/store"),
            link("a/source", "f/relay"),
            link("f/relay", "g/first", depth=2),
            link("g/first", "g/second"),
            link("g/second", "h/store", depth=1),
        ),
        path=(str(HERE),),
        shm_limit=64 << 20,
    )


async def _kill_now_and_then(live: Live, chance: random.Random, messages: int, kills: int) -> int:
    """SIGKILL a flow or two at once, each time after some more messages; how many were killed."""
    killed = 0
    while killed < kills:
        goal = live.link(0).produced + chance.randrange(20, 120)
        await live.until(lambda goal=goal: live.link(0).produced >= min(goal, messages), "progress")  # type: ignore[misc]
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


@pytest.mark.parametrize(("seed", "messages", "kills"), [(1, 8_000, 50), (2, 3_000, 20)])
def test_storm_of_kills_loses_nothing(tmp_path: Path, seed: int, messages: int, kills: int) -> None:
    """Every message arrives whole and in order, what comes twice says so, and every link's count holds."""

    async def run() -> None:
        async with supervised(tmp_path, _pipeline(tmp_path, messages)) as live:
            killed = await _kill_now_and_then(live, random.Random(seed), messages, kills)
            async with asyncio.timeout(LONG_S):
                view = await live.supervisor.wait_ended("p")
            assert killed >= kills // 2
            assert view.state is State.EXITED, live.log()
            assert sum(flow.restarts for flow in view.flows) >= killed // 2
            for link in view.links:
                assert (link.produced, link.delivered) == (messages, messages), link
                assert (link.failed, link.in_flight, link.quarantined, dict(link.dropped)) == (0, 0, 0, {}), link

    asyncio.run(run())
    for name in STORES:
        numbers = _check_order(tmp_path / name)
        assert sorted(set(numbers)) == list(range(messages))


@pytest.mark.parametrize("policy", [Policy.DROP_OLDEST, Policy.DROP_NEWEST])
def test_storm_over_links_that_drop_counts_every_message(tmp_path: Path, policy: Policy) -> None:
    """Nothing is torn; what did not arrive was dropped, and each link has counted it."""

    async def run() -> None:
        async with supervised(tmp_path, _pipeline(tmp_path, 3_000, policy)) as live:
            await _kill_now_and_then(live, random.Random(policy), 3_000, 20)
            async with asyncio.timeout(LONG_S):
                view = await live.supervisor.wait_ended("p")
            assert view.state is State.EXITED, live.log()
            for link in view.links:
                assert link.produced == link.delivered + sum(link.dropped.values()), link
                assert (link.failed, link.in_flight, link.quarantined) == (0, 0, 0), link
            assert view.links[0].produced == 3_000
            for name, place in STORES.items():
                # Within a flow what was in hand at a crash is not made again: it counts as dropped, handled or not.
                within = view.links[place].source.split("/")[0] == view.links[place].destination.split("/")[0]
                unsure = sum(flow.restarts for flow in view.flows) if within else 0
                seen = len(set(_check_order(tmp_path / name)))
                assert view.links[place].delivered <= seen <= view.links[place].delivered + unsure

    asyncio.run(run())


def _check_order(file: Path) -> list[int]:
    """The numbers that a store got: in order, and what came twice says so."""
    seen = [tuple(map(int, line.split())) for line in file.read_text().splitlines()]
    numbers = [number for number, _ in seen]
    assert numbers == sorted(numbers)
    again = [attempt for (before, _), (number, attempt) in pairwise(seen) if number == before]
    assert all(attempt >= 2 for attempt in again)
    return numbers

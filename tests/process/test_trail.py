"""What a message brings along of where it has been."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.names import RoutineRef
from tests.process.supervised import HERE, supervised


def witnessed(folder: Path, *flows: tuple[str, ...]) -> list[str]:
    """What the destination wrote down behind this many middles in these flows, each linked to the next."""
    names = [("a", "source"), *((flow, name) for flow, *members in flows for name in members), ("z", "witness")]
    classes = {"source": Routine("source", "routines:Traced")}
    classes["witness"] = Routine("witness", "routines:Witness", {"file": str(folder / "seen")})
    refs = [RoutineRef(*name) for name in names]
    members: dict[str, list[Routine]] = {}
    for flow, name in names:
        members.setdefault(flow, []).append(classes.get(name, Routine(name, "routines:Onward")))
    links = tuple(Link(one, two) for one, two in pairwise(refs))
    pipeline = Pipeline("p", tuple(Flow(flow, tuple(each)) for flow, each in members.items()), links, path=(str(HERE),))

    async def run() -> None:
        async with supervised(folder, pipeline) as live:
            await live.supervisor.wait_ended("p")

    asyncio.run(run())
    return (folder / "seen").read_text().splitlines()


def test_a_message_names_the_routines_that_it_came_through(tmp_path: Path) -> None:
    """Each hop has its routine and its times, within a flow too, and the trace context of the source is still there."""
    trace, count, *hops, order = witnessed(tmp_path, ("b", "first", "second"), ("c", "third"))
    assert trace == bytes(range(16)).hex()
    assert (count, hops, order) == ("3", ["b/first", "b/second", "c/third"], "in order")


def test_a_message_keeps_its_last_sixteen_hops(tmp_path: Path) -> None:
    """One that came through more says how many there were, and names the last ones."""
    names = [f"m{number}" for number in range(9)]
    _, count, *hops, order = witnessed(tmp_path, ("b", *names), ("c", *names))
    assert (count, order) == ("18", "in order")
    assert hops == [f"{flow}/{name}" for flow in "bc" for name in names][-16:]

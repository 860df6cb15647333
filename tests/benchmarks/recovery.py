"""kill -9 of a flow that reads: how long until its successor has a message in hand, and whether any was lost."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from pipertd.definition.model import Pipeline, Restart
from pipertd.names import Target
from tests.benchmarks.job import SMALL_DEPTH, Job
from tests.benchmarks.ours import flow, link, pipeline, routine
from tests.process.supervised import Live, supervised

KILLS = 3
_STEADY = 300  # messages of a generation before it is killed
_STANDBY_S = 1.5  # until a standby has imported everything
_RESTARTS = {
    "at once": Restart(backoff_first_s=0.001, limit=1000),
    "standby": Restart(limit=1000),
    "by default": Restart(limit=1000),
}


def run(job: Job) -> dict[str, float]:
    """The median over some kills; ``job.what`` says after which backoff a flow is started again."""
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(_kill_and_look(Path(name), _RESTARTS[job.what], standby=job.what == "standby"))


def _pipeline(journal: Path, restart: Restart, *, standby: bool) -> Pipeline:
    flows = [
        flow("source", routine("r", "Count", 1000.0)),
        replace(flow("destination", routine("r", "Journal", file=str(journal)), restart=restart), standby=standby),
    ]
    return pipeline(flows, [link("source/r", "destination/r", SMALL_DEPTH)])


async def _kill_and_look(folder: Path, restart: Restart, *, standby: bool) -> dict[str, float]:
    journal = folder / "journal"
    async with supervised(folder, _pipeline(journal, restart, standby=standby)) as live:
        took_ns = []
        for generation in range(1, KILLS + 1):
            await asyncio.sleep(_STANDBY_S if standby else 0.0)
            took_ns.append(await _kill(live, journal, generation))
        await live.supervisor.stop(Target.parse("p/source"))
        await live.until(lambda: live.link().in_flight == 0, "what is under way")
        produced = live.link().produced
    numbers = [number for number, _, _ in _lines(journal)]
    return {
        "handled_ms": statistics.median(took_ns) / 1e6,
        "produced": produced,
        "lost": produced - len(set(numbers)),
        "repeated": len(numbers) - len(set(numbers)),
    }


async def _kill(live: Live, journal: Path, generation: int) -> int:
    """Kill the reader; ns until its successor had its first message in hand."""
    await live.until(lambda: len(_of(journal, generation)) >= _STEADY, f"generation {generation}")
    killed_ns = time.monotonic_ns()
    os.kill(live.pid("destination"), signal.SIGKILL)
    lines = await live.until(lambda: _of(journal, generation + 1), "the successor")
    return lines[0] - killed_ns


def _of(journal: Path, generation: int) -> list[int]:
    """When a generation handled its messages."""
    return [handled_ns for _, one, handled_ns in _lines(journal) if one == generation]


def _lines(journal: Path) -> list[tuple[int, int, int]]:
    if not journal.exists():
        return []
    whole = journal.read_text().rpartition("\n")[0].splitlines()
    return [(int(number), int(generation), int(handled_ns)) for number, generation, handled_ns in map(str.split, whole)]

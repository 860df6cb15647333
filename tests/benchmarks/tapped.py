"""The rate of a link that is looked at, as often as can be, and of one that nobody looks at."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from pipertd.names import Target
from pipertd.supervisor.tap import Tap, TapWishes
from tests.benchmarks.job import Job
from tests.benchmarks.ours import ended, link_pipeline
from tests.process.supervised import Live, supervised

_WISHES = TapWishes(form="jpeg", interval_s=0.0, picture_width=640, most_bytes=3 << 20, bgr=False)


def run(job: Job) -> dict[str, float]:
    """One measurement; ``job.what`` is how many taps there are, each with credit all the time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = folder / "report.json"
        seen = asyncio.run(_look(folder, job, report))
        figures: dict[str, float] = json.loads(report.read_text())
        return {**figures, "seen": seen}


async def _look(folder: Path, job: Job, report: Path) -> int:
    """Open the taps before the first message; how many messages they saw, all together."""
    pipeline = replace(link_pipeline(job, str(report)), autostart=False)
    async with supervised(folder, pipeline) as live:
        await live.supervisor.start(Target.parse("p/destination"))
        taps = [await _ready_tap(live) for _ in range(int(job.what))]
        looking = [asyncio.create_task(_read(tap)) for tap in taps]
        await live.supervisor.start(Target.parse("p/source"))
        await ended(live)
        for tap in taps:
            tap.kill()
        seen = [await each for each in looking]
        for tap in taps:
            tap.end()
        await live.until(lambda: all(tap.is_buried for tap in taps), "the taps' end")
        return sum(seen)


async def _ready_tap(live: Live) -> Tap:
    """One that has imported what it needs: then it takes the least share of a processor."""
    visible, _ = live.supervisor.visible("p", "source/r", "destination/r")
    tap = await Tap.start("p", visible, _WISHES)
    await live.until(lambda: os.getpriority(os.PRIO_PROCESS, tap.pid) == 19, "a tap")
    await tap.grant(1)
    return tap


async def _read(tap: Tap) -> int:
    count = 0
    while await tap.answer() is not None:
        count += 1
        await tap.grant(1)
    return count

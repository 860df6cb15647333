"""pipertd's side: whole pipelines under a real supervisor, envelope, counts, leases and all."""

from __future__ import annotations

import asyncio
import json
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Restart, Routine
from pipertd.names import RoutineRef
from pipertd.supervisor.view import State
from tests.benchmarks.job import Job
from tests.process.supervised import Live, supervised

ROOT = Path(__file__).parents[2]
_SPARE_SLOTS = 8  # a routine's slots beyond its link's depth
_BUSY_START_S = 3.0  # a busy neighbour outlives the source that is measured


def run(job: Job) -> dict[str, float]:
    """One measurement; the figures of whoever took them in the pipeline."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = folder / "report.json"
        asyncio.run(_to_its_end(folder, _PIPELINES[job.what](job, str(report))))
        figures: dict[str, float] = json.loads(report.read_text())
        return figures


async def _to_its_end(folder: Path, pipeline: Pipeline) -> None:
    async with supervised(folder, pipeline) as live:
        await ended(live)


async def ended(live: Live) -> None:
    """Return when the pipeline has come to its end; RuntimeError where it failed or lost anything."""
    view = await live.supervisor.wait_ended("p")
    if view.state is not State.EXITED:
        raise RuntimeError(f"the pipeline is {view.state}: {live.log()}")
    for link in view.links:
        if link.produced != link.delivered:
            raise RuntimeError(f"{link.source} sent {link.produced} and {link.destination} took {link.delivered}")


def routine(name: str, class_name: str, fps: float | None = None, **params: Any) -> Routine:
    """A routine of this package."""
    return Routine(name, f"tests.benchmarks.routines:{class_name}", params, fps)


def flow(name: str, *routines: Routine, restart: Restart | None = None) -> Flow:
    """A flow of these routines."""
    return Flow(name, routines, restart or Restart())


def link(source: str, destination: str, depth: int) -> Link:
    """From flow/routine to flow/routine."""
    return Link(RoutineRef(*source.split("/")), RoutineRef(*destination.split("/")), depth=depth)


def pipeline(flows: list[Flow], links: list[Link], size_bytes: int = 64) -> Pipeline:
    """The pipeline ``p`` with enough shared memory for messages of that size on all of its links."""
    slots = sum(each.depth + _SPARE_SLOTS for each in links)
    return Pipeline(
        "p", tuple(flows), tuple(links), path=(str(ROOT),), shm_limit=32 * MIB + slots * (size_bytes + 8192)
    )


def _source(job: Job) -> Routine:
    params = {"size_bytes": job.size_bytes, "seconds": job.seconds, "settled": job.depth + _SPARE_SLOTS}
    if job.is_frame:
        return routine("r", "SendFrames", job.per_second, **params)
    return routine("r", "SendSmall", job.per_second, **params)


def _destination(job: Job, report: str) -> Routine:
    paced = job.per_second is not None
    return routine("r", "Receive", report=report, size_bytes=job.size_bytes, paced=paced)


def link_pipeline(job: Job, report: str) -> Pipeline:
    """One link between two flows."""
    flows = [flow("source", _source(job)), flow("destination", _destination(job, report))]
    return pipeline(flows, [link("source/r", "destination/r", job.depth)], job.size_bytes)


def _hop(job: Job, report: str) -> Pipeline:
    """A source, a middle that passes the array on, and a destination: the last hop is measured."""
    source = routine("r", "SendUnfilled", job.per_second, size_bytes=job.size_bytes, seconds=job.seconds)
    flows = [
        flow("source", source),
        flow("middle", routine("r", "PassOn")),
        flow("destination", _destination(job, report)),
    ]
    links = [link(f"{first.name}/r", f"{second.name}/r", job.depth) for first, second in pairwise(flows)]
    return pipeline(flows, links, job.size_bytes)


def _fan_out(readers: int, job: Job, report: str) -> Pipeline:
    source = routine("r", "FanOut", size_bytes=job.size_bytes, seconds=job.seconds, report=report)
    drops = [flow(f"reader{number}", routine("r", "Drop")) for number in range(readers)]
    links = [link("source/r", f"{each.name}/r", job.depth) for each in drops]
    return pipeline([flow("source", source), *drops], links, job.size_bytes)


def _beside_busy(job: Job, report: str) -> Pipeline:
    """The destination's flow has another routine, which computes all the time."""
    busy = routine("busy", "Busy", seconds=job.seconds + _BUSY_START_S)
    flows = [
        flow("source", _source(job)),
        flow("destination", _destination(job, report), busy, routine("nothing", "Drop")),
    ]
    links = [link("source/r", "destination/r", job.depth), link("destination/busy", "destination/nothing", 4)]
    return pipeline(flows, links, job.size_bytes)


_PIPELINES = {
    "link": link_pipeline,
    "hop": _hop,
    "fan-out to 1": lambda job, report: _fan_out(1, job, report),
    "fan-out to 4": lambda job, report: _fan_out(4, job, report),
    "beside busy": _beside_busy,
}

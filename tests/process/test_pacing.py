"""Flows that keep a pace, by their own clock."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.names import RoutineRef
from tests.process.paced import stamps
from tests.process.supervised import HERE, Live, go

PERIOD_S = 0.04


def routine(name: str, class_path: str, *, fps: float | None = None, **params: object) -> Flow:
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in params.items()}
    return Flow(name, (Routine(name, class_path, plain, fps=fps),))


def link(source: str, destination: str, **more: object) -> Link:
    """From FLOW/ROUTINE, or from the routine of a flow that has its name, to another."""
    ends = (RoutineRef(*(each if "/" in each else f"{each}/{each}").split("/")) for each in (source, destination))
    return Link(*ends, **more)  # type: ignore[arg-type]


def pipeline(*flows: Flow, links: tuple[Link, ...], **more: object) -> Pipeline:
    return Pipeline("p", flows, links, path=(str(HERE),), shm_limit=16 << 20, **more)  # type: ignore[arg-type]


def test_const_fps_keeps_to_its_grid(tmp_path: Path) -> None:
    """A source of 25 fps gives no more than that in any time, and is on its grid at the end as at the beginning."""
    file = tmp_path / "stamps"

    async def story(live: Live) -> None:
        await live.until(lambda: len(stamps(file)) > 75, "3 seconds of frames")

    source = routine("source", "routines:Count", fps=1 / PERIOD_S)
    go(tmp_path, pipeline(source, routine("sink", "paced:Stamp", file=file), links=(link("source", "sink"),)), story)
    times = [captured for captured, _ in stamps(file)]
    assert len(times) <= (times[-1] - times[0]) / PERIOD_S + 2
    # A frame may be late where the machine is; the grid is not, or the last ones would lie beside that of the first.
    grid_s = min(times[:25], key=lambda each: sum(beside(each, times[:25])))
    assert median(beside(grid_s, times[-25:])) < 0.25


def beside(grid_s: float, times: list[float]) -> list[float]:
    """How far each time lies from its tick on this grid, in periods."""
    ticks = [(each - grid_s) / PERIOD_S for each in times]
    return [abs(tick - round(tick)) for tick in ticks]

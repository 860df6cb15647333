"""Flows that keep a pace, by their own clock."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.names import RoutineRef, Target
from tests.process.paced import stamps
from tests.process.supervised import HERE, Live, go

P = Target("p")


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

    source = routine("source", "routines:Count", fps=25)
    go(tmp_path, pipeline(source, routine("sink", "paced:Stamp", file=file), links=(link("source", "sink"),)), story)
    times = [captured for captured, _ in stamps(file)]
    ticks = [(each - times[0]) / 0.04 for each in times]
    assert all(tick > number - 0.1 for number, tick in enumerate(ticks))
    # A frame may be late where the machine is; the grid is not, or the later ones would all lie beside it.
    assert median(tick - round(tick) for tick in ticks[-25:]) < 0.25

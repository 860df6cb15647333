"""`make pacing`: const fps over 20 s, and a source before a slow consumer with `pacing: auto`, one behind the other."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

from pipertd.definition.model import Flow, Link, Pacing, Pipeline, Routine
from pipertd.names import Policy, RoutineRef
from tests.process.paced import stamps
from tests.process.supervised import HERE, supervised

_FPS, _SECONDS = 25.0, 20.0
_WORK_S = 0.02  # so a consumer that takes 50 a second
_SETTLING_S, _SETTLED_S = 3.0, 10.0
Stamps = list[tuple[float, float]]


def _pipeline(file: Path, *, fps: float | None, work_s: float, policy: Policy, pacing: Pacing) -> Pipeline:
    source = Flow("source", (Routine("source", "routines:Count", fps=fps),))
    sink = Flow("sink", (Routine("sink", "paced:Stamp", {"file": str(file), "work_s": work_s}),))
    link = Link(RoutineRef("source", "source"), RoutineRef("sink", "sink"), policy)
    return Pipeline("p", (source, sink), (link,), path=(str(HERE),), pacing=pacing, shm_limit=16 << 20)


async def _run(pipeline: Pipeline, file: Path, seconds: float) -> Stamps:
    """What the sink wrote down for so long behind its first message, and a little longer."""
    with tempfile.TemporaryDirectory() as folder:
        async with supervised(Path(folder), pipeline) as live:
            await live.until(lambda: stamps(file), "the first message")
            await asyncio.sleep(seconds + 0.5)
    return stamps(file)


def _const_fps(file: Path) -> bool:
    free = _pipeline(file, fps=_FPS, work_s=0.0, policy=Policy.WAIT, pacing=Pacing.FREE)
    times = [captured for captured, _ in asyncio.run(_run(free, file, _SECONDS))]
    count = sum(each < times[0] + _SECONDS for each in times)
    off_ms = [1e3 * abs(ticks - round(ticks)) / _FPS for ticks in ((each - times[0]) * _FPS for each in times)]
    print(
        f"const fps: {count} messages in {_SECONDS:g} s of {_FPS:g} a second; beside their ticks by "
        f"{median(off_ms):.2f} ms (median), {median(off_ms[-50:]):.2f} ms (median of the last two seconds), "
        f"{max(off_ms):.2f} ms at most"
    )
    return abs(count - _SECONDS * _FPS) <= 2 and median(off_ms[-50:]) < 1e3 / _FPS / 4


def _synchronised(file: Path) -> bool:
    held = _pipeline(file, fps=None, work_s=_WORK_S, policy=Policy.DROP_OLDEST, pacing=Pacing.AUTO)
    got = asyncio.run(_run(held, file, _SETTLING_S + _SETTLED_S))
    settled = [(captured, taken) for captured, taken in got if captured > got[0][0] + _SETTLING_S]
    ages_ms = [1e3 * (taken - captured) for captured, taken in settled]
    rate = (len(settled) - 1) / (settled[-1][0] - settled[0][0])
    two_periods_ms = 2e3 * _WORK_S
    print(
        f"synchroniser: {rate:.1f} a second reach a consumer that takes {1 / _WORK_S:g}; age when taken "
        f"{median(ages_ms):.2f} ms (median), {quantiles(ages_ms, n=100)[98]:.2f} ms (99 %), {max(ages_ms):.2f} ms at "
        f"most; two periods are {two_periods_ms:g} ms"
    )
    return rate > 0.8 / _WORK_S and max(ages_ms) <= two_periods_ms


def main() -> int:
    """Run both; 0 where both hold."""
    with tempfile.TemporaryDirectory() as folder:
        return 0 if all([_const_fps(Path(folder) / "fps"), _synchronised(Path(folder) / "held")]) else 1


if __name__ == "__main__":
    sys.exit(main())

"""One numpy copy of an array: what any transport costs that moves it once. The same arrays as the sources fill from."""

from __future__ import annotations

import time

import numpy as np

from tests.benchmarks.job import WARM_UP_S, Frame, Job, prepared_frames

_NS = 1_000_000_000


def run(job: Job) -> dict[str, float]:
    """How many copies a second."""
    frames = prepared_frames(job.size_bytes)
    copy = np.empty(job.size_bytes, np.uint8)
    _copy(copy, frames, WARM_UP_S)
    return {"per_second": _copy(copy, frames, job.seconds)}


def _copy(copy: Frame, frames: list[Frame], seconds: float) -> float:
    began_ns, count = time.monotonic_ns(), 0
    until_ns = began_ns + int(seconds * _NS)
    while (now_ns := time.monotonic_ns()) < until_ns:
        np.copyto(copy, frames[count & 3])
        count += 1
    return count * _NS / (now_ns - began_ns)

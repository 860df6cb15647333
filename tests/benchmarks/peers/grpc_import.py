"""A bare `python -c "import grpc"`: how long it takes."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.benchmarks.job import Job

_TIMES = 5


def run(_job: Job) -> dict[str, float]:
    """The median, in ms."""
    return {"took_ms": statistics.median(_import_ms() for _ in range(_TIMES))}


def _import_ms() -> float:
    began_ns = time.monotonic_ns()
    subprocess.run([sys.executable, "-c", "import grpc"], check=True)
    return (time.monotonic_ns() - began_ns) / 1e6

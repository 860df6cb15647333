"""A bare `python -c "import numpy"`: how long it takes, and the private memory of one that then waits."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from tests.benchmarks.job import Job
from tests.benchmarks.memory import memory_mib

_TIMES = 3


def run(job: Job) -> dict[str, float]:
    """``job.what`` is "time" or "memory"."""
    return {"handled_ms": statistics.median(_import_ms() for _ in range(_TIMES))} if job.what == "time" else _memory()


def _import_ms() -> float:
    began_ns = time.monotonic_ns()
    subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    return (time.monotonic_ns() - began_ns) / 1e6


def _memory() -> dict[str, float]:
    code = "import numpy; print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        mib = memory_mib(process.pid, "RssAnon")
        process.kill()
    return {"rss_anon_mib": mib}

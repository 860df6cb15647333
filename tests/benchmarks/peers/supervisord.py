"""Supervisor: kill -9 of a program of its, until the next one has imported numpy and done its first work."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import supervisor  # noqa: F401  # without it there is nothing to start

from tests.benchmarks.job import Job
from tests.benchmarks.recovery import KILLS

_RUNNING_S = 1.2  # behind its startsecs: one that dies earlier is started again with a pause
_WORK = """\
import os, sys, time, numpy
with open(sys.argv[1], "a") as journal:
    journal.write(f"{os.getpid()} {time.monotonic_ns()}\\n")
time.sleep(1e6)
"""
_CONFIGURATION = """\
[supervisord]
nodaemon=true
logfile={folder}/log
pidfile={folder}/pid
childlogdir={folder}
[program:work]
command={python} {folder}/work.py {folder}/journal
"""


def run(_job: Job) -> dict[str, float]:
    """The median over some kills."""
    folder = Path(tempfile.mkdtemp())
    (folder / "work.py").write_text(_WORK)
    (folder / "conf").write_text(_CONFIGURATION.format(folder=folder, python=sys.executable))
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(folder / "conf")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            took_ns = [_kill(folder / "journal", generation) for generation in range(1, KILLS + 1)]
        finally:
            process.terminate()
    return {"handled_ms": statistics.median(took_ns) / 1e6}


def _kill(journal: Path, generation: int) -> int:
    pid, _ = _line(journal, generation)
    time.sleep(_RUNNING_S)
    killed_ns = time.monotonic_ns()
    os.kill(pid, signal.SIGKILL)
    return _line(journal, generation + 1)[1] - killed_ns


def _line(journal: Path, number: int) -> tuple[int, int]:
    """Process id and time of a generation's first work, as soon as it is there; the caller has a deadline."""
    while True:
        lines = journal.read_text().splitlines() if journal.exists() else []
        if len(lines) >= number:
            pid, worked_ns = lines[number - 1].split()
            return int(pid), int(worked_ns)
        time.sleep(0.005)

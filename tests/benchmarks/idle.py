"""A daemon whose flows have nothing to do: what it costs, how long it takes to start them, and to answer."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipertd.client import Client, Unreachable
from tests.benchmarks.job import Job
from tests.benchmarks.memory import memory_mib
from tests.process.served import Daemon
from tests.waiting import wait_until

_START_DEADLINE_S = 120.0
_CALLS, _COMMANDS = 20, 5
_ROOT = Path(__file__).parents[2]


def run(job: Job) -> dict[str, float]:
    """``job.what`` is how many flows, or "command": then `pipertctl status` is timed, of a few of them."""
    with tempfile.TemporaryDirectory() as name:
        return _time_command(Path(name)) if job.what == "command" else _look(Path(name), int(job.what), job.seconds)


def _look(folder: Path, flows: int, seconds: float) -> dict[str, float]:
    with serving(folder, flows) as (daemon, start_s):
        assert daemon.process is not None
        pid = daemon.process.pid
        busy_s, began_s = _cpu_s(pid), time.monotonic()
        time.sleep(seconds)
        share = (_cpu_s(pid) - busy_s) / (time.monotonic() - began_s)
        with Client(_address(daemon)) as client:
            took_ms = [_ms(client.status.get) for _ in range(_CALLS)]
        return {
            "cpu_percent": 100 * share,
            "rss_mib": memory_mib(pid, "VmRSS"),
            "status_ms": statistics.median(took_ms),
            "start_s": start_s,
        }


def _time_command(folder: Path) -> dict[str, float]:
    with serving(folder, 4) as (daemon, _):
        command = daemon.ctl_command("status")
        took_ms = [
            _ms(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) for _ in range(_COMMANDS)
        ]
        return {"took_ms": statistics.median(took_ms)}


@contextmanager
def serving(folder: Path, flows: int) -> Iterator[tuple[Daemon, float]]:
    """A daemon all of whose flows are up, and how many seconds that took."""
    daemon = Daemon(folder)
    (daemon.definitions / "idle.yaml").write_text(json.dumps(_definition(flows // 2)))
    began_s = time.monotonic()
    daemon.start()
    try:
        with Client(_address(daemon)) as client:
            wait_until(lambda: _running(client) == flows, _START_DEADLINE_S, f"{flows} flows that run")
        yield daemon, time.monotonic() - began_s
    finally:
        daemon.stop()


def _definition(pairs: int) -> dict[str, Any]:
    """Pairs of a source that sends every ten seconds and a destination."""
    where = "tests.benchmarks.routines"
    flows = {}
    for number in range(pairs):
        flows[f"from{number}"] = {"routines": {f"from{number}": {"class": f"{where}:Count", "fps": 0.1}}}
        flows[f"to{number}"] = {"routines": {f"to{number}": {"class": f"{where}:Drop"}}}
    links = [{"from": f"from{number}", "to": [f"to{number}"]} for number in range(pairs)]
    return {"pipeline": "idle", "path": [str(_ROOT)], "shm_limit": "256M", "flows": flows, "links": links}


def _running(client: Client) -> int:
    try:
        pipelines = client.status.get().pipelines
    except Unreachable:
        return 0
    return sum(flow.state == "RUNNING" for pipeline in pipelines for flow in pipeline.flows)


def _address(daemon: Daemon) -> str:
    return f"unix://{daemon.runtime / 'control.sock'}"


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _ms(call: Callable[[], object]) -> float:
    began_ns = time.monotonic_ns()
    call()
    return (time.monotonic_ns() - began_ns) / 1e6

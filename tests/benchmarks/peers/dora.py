"""dora: `dora run`, two Python nodes, Arrow in between. Its queues drop the oldest by default; what arrives counts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import dora  # noqa: F401  # without it there is nothing to start
import msgspec

from tests.benchmarks.job import Job

_ROOT = Path(__file__).parents[3]


def run(job: Job) -> dict[str, float]:
    """One measurement."""
    command = shutil.which("dora", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    if command is None:
        raise ImportError("its command line is not installed", name="dora-rs-cli")
    folder = Path(tempfile.mkdtemp())
    report = folder / "report.json"
    dataflow = folder / "dataflow.yml"
    dataflow.write_text(json.dumps(_dataflow(job, report)))  # JSON is YAML
    done = subprocess.run(
        [command, "run", dataflow.name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if not report.exists():
        raise RuntimeError(f"dora left no report: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(report.read_text())
    return figures


def _dataflow(job: Job, report: Path) -> dict[str, object]:
    environment = {
        "PYTHONPATH": str(_ROOT),
        "BENCH_JOB": msgspec.json.encode(job).decode(),
        "BENCH_REPORT": str(report),
    }

    def node(name: str, **more: object) -> dict[str, object]:
        return {
            "id": name,
            "path": sys.executable,
            "args": f"-m tests.benchmarks.peers.dora_node {name}",
            "env": environment,
            **more,
        }

    given = {"message": {"source": "source/message", "queue_size": job.depth}}
    return {"nodes": [node("source", outputs=["message"]), node("destination", inputs=given)]}

"""One side of a comparison, in a process tree of its own: `python -m tests.benchmarks.side ADAPTER JOB`."""

from __future__ import annotations

import importlib
import json
import sys

import msgspec

from tests.benchmarks.job import Job


def main() -> None:
    """Measure once, and print one line of JSON: figures, or why there are none."""
    adapter, job = sys.argv[1], msgspec.json.decode(sys.argv[2], type=Job)
    try:
        figures = importlib.import_module(f"tests.benchmarks.{adapter}").run(job)
    except ImportError as reason:
        figures = {"not_measured": f"cannot import {reason.name}"}
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main()

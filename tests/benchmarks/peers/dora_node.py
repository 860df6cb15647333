"""The two nodes of a dora dataflow."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from dora import Node

from tests.benchmarks.arrivals import Arrivals
from tests.benchmarks.job import WARM_UP_S, Job, encoded, prepared_frames, sent_ns_of, touch

_NS = 1_000_000_000
_START_S = 1.0  # until the other node is there


def source(node: Node, job: Job) -> None:
    """Send for a while; the time of an array goes in the metadata."""
    time.sleep(_START_S)
    frames = [pa.array(frame) for frame in prepared_frames(job.size_bytes)] if job.is_frame else []
    due_ns, period_ns = time.monotonic_ns(), int(_NS / job.per_second) if job.per_second else 0
    until_ns = due_ns + int((job.seconds + WARM_UP_S) * _NS)
    number = 0
    while True:
        if period_ns:
            due_ns += period_ns
            time.sleep(max(0, due_ns - time.monotonic_ns()) / _NS)
        sent_ns = time.monotonic_ns()
        if sent_ns >= until_ns:
            return
        number += 1
        if frames:
            node.send_output("message", frames[number & 3], {"sent_ns": sent_ns})
        else:
            node.send_output("message", encoded(sent_ns, job.size_bytes))


def destination(node: Node, job: Job) -> None:
    """Take until the source has ended."""
    arrivals = Arrivals(paced=job.per_second is not None)
    for event in node:
        if event["type"] != "INPUT":
            continue
        if job.is_frame:
            arrivals.note(time.monotonic_ns(), event["metadata"]["sent_ns"])
            touch(event["value"].to_numpy())
        else:
            arrivals.note(time.monotonic_ns(), sent_ns_of(np.asarray(event["value"])))
    arrivals.write(Path(os.environ["BENCH_REPORT"]))


if __name__ == "__main__":
    asked = msgspec.json.decode(os.environ["BENCH_JOB"], type=Job)
    (source if sys.argv[1] == "source" else destination)(Node(), asked)

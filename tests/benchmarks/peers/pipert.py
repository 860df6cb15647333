"""PipeRT2: its own Pipe, two flows, its shared memory transmitter. It drops by itself; what arrives is counted."""

from __future__ import annotations

import json
import logging
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipert2 import KILL_EVENT_NAME, START_EVENT_NAME, FPSRoutine, Pipe, QueueNetwork, SharedMemoryTransmitter, Wire
from pipert2.core.base.data import Data

from tests.benchmarks.arrivals import Arrivals
from tests.benchmarks.job import WARM_UP_S, Job, encoded, prepared_frames, sent_ns_of, touch

_NS = 1_000_000_000
_END = 0
_LEAST_BYTES = 32
_QUEUE = 10  # its shared memory is used again after 50 messages, whoever still reads


class _Message(Data):
    """Bytes and arrays only: its transmitter tries `bytes(value)` on each value, too much for a time in ns."""

    def __init__(self, content: dict[str, Any]) -> None:
        super().__init__()
        self.additional_data = content


class _Send(FPSRoutine):
    def __init__(self, job: Job) -> None:
        super().__init__("send")
        self._job = job

    def setup(self) -> None:
        self._frames = prepared_frames(self._job.size_bytes) if self._job.is_frame else []
        self._until_ns = time.monotonic_ns() + int((self._job.seconds + WARM_UP_S) * _NS)
        self._due_ns, self._period_ns = time.monotonic_ns(), int(_NS / (self._job.per_second or _NS))
        self._number = 0
        self._ended = False

    def main_logic(self, _data: Any = None) -> _Message | None:
        if self._ended:
            time.sleep(0.1)
            return None
        if self._job.per_second:  # its own pace does not slow a source down
            self._due_ns += self._period_ns
            time.sleep(max(0, self._due_ns - time.monotonic_ns()) / _NS)
        sent_ns = time.monotonic_ns()
        self._number += 1
        if sent_ns >= self._until_ns:
            self._ended, sent_ns = True, _END
        if self._frames:
            return _Message({"body": encoded(sent_ns, _LEAST_BYTES), "frame": self._frames[self._number & 3]})
        return _Message({"body": encoded(sent_ns, self._job.size_bytes)})


class _Receive(FPSRoutine):
    def __init__(self, job: Job, report: Path) -> None:
        super().__init__("receive")
        self._job = job
        self._report = report

    def setup(self) -> None:
        self._arrivals = Arrivals(paced=self._job.per_second is not None)

    def main_logic(self, data: _Message) -> None:
        now_ns, content = time.monotonic_ns(), data.additional_data
        sent_ns = sent_ns_of(content["body"])
        if sent_ns == _END:
            self._arrivals.write(self._report)
            return
        self._arrivals.note(now_ns, sent_ns)
        if self._job.is_frame:
            touch(content["frame"])


def run(job: Job) -> dict[str, float]:
    """One measurement."""
    report = Path(tempfile.mkdtemp()) / "report.json"
    pipe = Pipe(
        network=QueueNetwork(max_queue_sizes=_QUEUE, put_block=True),
        logger=_quiet_logger(),
        data_transmitter=SharedMemoryTransmitter(),
    )
    send, receive = _Send(job), _Receive(job, report)
    pipe.create_flow("source", False, send)
    pipe.create_flow("destination", False, receive)
    pipe.link(Wire(source=send, destinations=(receive,)))
    pipe.build()
    pids = [flow.event_loop_process.pid for flow in pipe.flows.values()]
    pipe.notify_event(START_EVENT_NAME)
    try:
        while not report.exists():  # the caller has a deadline
            time.sleep(0.05)
        figures: dict[str, float] = json.loads(report.read_text())
        return figures
    finally:
        pipe.notify_event(KILL_EVENT_NAME)
        _sweep(pids)


def _quiet_logger() -> logging.Logger:
    logger = logging.getLogger("quiet")
    logger.setLevel(logging.ERROR)
    logger.addHandler(logging.StreamHandler())  # it must have one
    return logger


def _sweep(pids: list[int]) -> None:
    """Take its shared memory away, which is named after its processes."""
    for pid in pids:
        for file in Path("/dev/shm").glob(f"{pid}_*"):
            with suppress(FileNotFoundError):
                file.unlink()

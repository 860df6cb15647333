"""faster-fifo: bytes go as they are, without pickle; small messages are taken many at a time, its fast way."""

from __future__ import annotations

from collections import deque
from multiprocessing.context import SpawnContext
from typing import Any

import faster_fifo
import faster_fifo_reduction  # noqa: F401  # how the queue gets into a spawned process
import numpy as np

from tests.benchmarks.job import Frame, Job
from tests.benchmarks.peers.pair import measure

_FOREVER_S = 1e6
_OVERHEAD_BYTES = 64  # of a message in the queue, generously


def run(job: Job) -> dict[str, float]:
    """One measurement."""
    return measure(__name__, job)


def _same(body: bytes) -> bytes:
    return body


def share(_context: SpawnContext, job: Job) -> Any:
    """The queue, with room for as many messages as pipertd's link has."""
    room = (job.depth + 1) * (job.size_bytes + _OVERHEAD_BYTES)
    return faster_fifo.Queue(max_size_bytes=room, loads=bytes, dumps=_same)


class _Sender:
    def __init__(self, queue: Any) -> None:
        self._queue = queue

    def send(self, body: bytes) -> None:
        self._queue.put(body, timeout=_FOREVER_S)

    def send_frame(self, sent_ns: int, frame: Frame) -> None:
        self._queue.put(sent_ns.to_bytes(8, "little") + frame.data, timeout=_FOREVER_S)

    def close(self) -> None:
        pass


class _Receiver:
    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self._many: deque[bytes] = deque()

    def receive(self) -> bytes:
        if not self._many:
            self._many.extend(self._queue.get_many(timeout=_FOREVER_S))
        return self._many.popleft()

    def receive_frame(self) -> tuple[int, Any]:
        body = self._queue.get(timeout=_FOREVER_S)
        return int.from_bytes(body[:8], "little"), np.frombuffer(body, np.uint8, offset=8)

    def close(self) -> None:
        pass


def sender(shared: Any, _job: Job) -> _Sender:
    """The sending end."""
    return _Sender(shared)


def receiver(shared: Any, _job: Job) -> _Receiver:
    """The receiving end."""
    return _Receiver(shared)

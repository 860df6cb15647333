"""multiprocessing.Queue: small messages as bytes, arrays as they are, both pickled by the queue."""

from __future__ import annotations

from multiprocessing.context import SpawnContext
from multiprocessing.queues import Queue
from typing import Any

from tests.benchmarks.job import Frame, Job
from tests.benchmarks.peers.pair import measure


def run(job: Job) -> dict[str, float]:
    """One measurement."""
    return measure(__name__, job)


def share(context: SpawnContext, job: Job) -> Queue[Any]:
    """The queue."""
    return context.Queue(job.depth)


class _Sender:
    def __init__(self, queue: Queue[Any]) -> None:
        self._queue = queue

    def send(self, body: bytes) -> None:
        self._queue.put(body)

    def send_frame(self, sent_ns: int, frame: Frame) -> None:
        self._queue.put((sent_ns, frame))

    def close(self) -> None:
        self._queue.close()
        self._queue.join_thread()


class _Receiver:
    def __init__(self, queue: Queue[Any]) -> None:
        self._queue = queue

    def receive(self) -> Any:
        return self._queue.get()

    def receive_frame(self) -> tuple[int, Any]:
        sent_ns, frame = self._queue.get()
        return sent_ns, frame

    def close(self) -> None:
        self._queue.close()


def sender(shared: Queue[Any], _job: Job) -> _Sender:
    """The sending end."""
    return _Sender(shared)


def receiver(shared: Queue[Any], _job: Job) -> _Receiver:
    """The receiving end."""
    return _Receiver(shared)

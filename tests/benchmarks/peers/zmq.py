"""pyzmq: PUSH to PULL over ipc. Arrays go without a copy on either side of Python, as its documentation shows."""

from __future__ import annotations

import tempfile
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any

import numpy as np
import zmq

from tests.benchmarks.job import FRAME_DEPTH, Frame, Job
from tests.benchmarks.peers.pair import measure

_SMALL_HWM = 1000  # its default


def run(job: Job) -> dict[str, float]:
    """One measurement."""
    return measure(__name__, job)


def share(_context: SpawnContext, _job: Job) -> str:
    """The address."""
    return f"ipc://{Path(tempfile.mkdtemp()) / 'socket'}"


class _End:
    def __init__(self, kind: int, job: Job) -> None:
        self._context = zmq.Context()
        self.socket = self._context.socket(kind)
        self.socket.set_hwm(FRAME_DEPTH if job.is_frame else _SMALL_HWM)

    def close(self) -> None:
        self.socket.close()
        self._context.term()


class _Sender(_End):
    def __init__(self, address: str, job: Job) -> None:
        super().__init__(zmq.PUSH, job)
        self.socket.connect(address)

    def send(self, body: bytes) -> None:
        self.socket.send(body)

    def send_frame(self, sent_ns: int, frame: Frame) -> None:
        self.socket.send_multipart((sent_ns.to_bytes(8, "little"), frame), copy=False)


class _Receiver(_End):
    def __init__(self, address: str, job: Job) -> None:
        super().__init__(zmq.PULL, job)
        self.socket.bind(address)

    def receive(self) -> bytes:
        body: bytes = self.socket.recv()
        return body

    def receive_frame(self) -> tuple[int, Any]:
        head, body = self.socket.recv_multipart(copy=False)
        return int.from_bytes(head.bytes, "little"), np.frombuffer(body.buffer, np.uint8)


def sender(shared: str, job: Job) -> _Sender:
    """The sending end."""
    return _Sender(shared, job)


def receiver(shared: str, job: Job) -> _Receiver:
    """The receiving end."""
    return _Receiver(shared, job)

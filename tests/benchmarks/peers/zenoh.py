"""Zenoh: two peers over a Unix socket, with its shared memory for arrays; publishing waits where the other is slow."""

from __future__ import annotations

import json
import tempfile
import time
from multiprocessing.context import SpawnContext
from pathlib import Path
from typing import Any

import numpy as np
import zenoh

from tests.benchmarks.job import Frame, Job, prepared_frames
from tests.benchmarks.peers.pair import measure

_KEY = "pipertd/bench"
_HEAD_BYTES = 8


def run(job: Job) -> dict[str, float]:
    """One measurement."""
    return measure(__name__, job)


def share(_context: SpawnContext, _job: Job) -> str:
    """The endpoint."""
    return f"unixsock-stream/{Path(tempfile.mkdtemp()) / 'socket'}"


def _session(side: str, endpoint: str) -> zenoh.Session:
    config = zenoh.Config()
    for key, value in {
        "mode": "peer",
        "scouting/multicast/enabled": False,
        "transport/shared_memory/enabled": True,
        "listen/endpoints": [endpoint] if side == "listen" else [],
        "connect/endpoints": [endpoint] if side == "connect" else [],
    }.items():
        config.insert_json5(key, json.dumps(value))
    return zenoh.open(config)


class _Sender:
    def __init__(self, endpoint: str, job: Job) -> None:
        self._endpoint = endpoint
        self._publisher: Any = None
        if job.is_frame:
            room = (job.depth + 2) * (job.size_bytes + _HEAD_BYTES + 4096)
            self._memory = zenoh.shm.ShmProvider.default_backend(room)
            self._bytes = {int(frame[0]): frame.tobytes() for frame in prepared_frames(job.size_bytes)}
            self._patience = zenoh.shm.BlockOn(zenoh.shm.GarbageCollect())

    def _open(self) -> Any:
        """On first use: the other end listens by then."""
        self._session = _session("connect", self._endpoint)
        self._publisher = self._session.declare_publisher(_KEY, congestion_control=zenoh.CongestionControl.BLOCK)
        while not self._publisher.matching_status:
            time.sleep(0.01)
        return self._publisher

    def send(self, body: bytes) -> None:
        (self._publisher or self._open()).put(body)

    def send_frame(self, sent_ns: int, frame: Frame) -> None:
        publisher = self._publisher or self._open()
        buffer = self._memory.alloc(frame.size + _HEAD_BYTES, self._patience)
        buffer[0:_HEAD_BYTES] = sent_ns.to_bytes(_HEAD_BYTES, "little")
        buffer[_HEAD_BYTES : _HEAD_BYTES + frame.size] = self._bytes[int(frame[0])]  # it copies from bytes only
        publisher.put(buffer)

    def close(self) -> None:
        self._session.close()


class _Receiver:
    def __init__(self, endpoint: str, job: Job) -> None:
        self._session = _session("listen", endpoint)
        self._subscriber = self._session.declare_subscriber(_KEY, zenoh.handlers.FifoChannel(job.depth))

    def receive(self) -> bytes:
        body: bytes = self._subscriber.recv().payload.to_bytes()
        return body

    def receive_frame(self) -> tuple[int, Any]:
        body = self._subscriber.recv().payload.to_bytes()  # its Python shows shared memory only as a copy
        return int.from_bytes(body[:_HEAD_BYTES], "little"), np.frombuffer(body, np.uint8, offset=_HEAD_BYTES)

    def close(self) -> None:
        self._session.close()


def sender(shared: str, job: Job) -> _Sender:
    """The sending end."""
    return _Sender(shared, job)


def receiver(shared: str, job: Job) -> _Receiver:
    """The receiving end."""
    return _Receiver(shared, job)

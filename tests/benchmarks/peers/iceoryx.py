"""iceoryx2: loan, fill, send; nothing is lost; the reader waits for events, or polls without a pause."""

from __future__ import annotations

import ctypes
import tempfile
import uuid
from collections.abc import Callable
from multiprocessing.context import SpawnContext
from typing import Any

import iceoryx2 as iox
import numpy as np

from tests.benchmarks.job import Frame, Job
from tests.benchmarks.peers.pair import measure

PREFIX = "pipertd_bench_"  # of its names in shared memory
_HEAD_BYTES = 8


def run(job: Job) -> dict[str, float]:
    """One measurement; ``job.what`` is "events" or "polling"."""
    return measure(__name__, job)


def share(_context: SpawnContext, _job: Job) -> tuple[str, str]:
    """The service's name, and the folder of its files."""
    return f"bench {uuid.uuid4().hex}", tempfile.mkdtemp()


class _End:
    def __init__(self, shared: tuple[str, str], job: Job) -> None:
        iox.set_log_level(iox.LogLevel.Error)
        name, folder = shared
        config = iox.config.default()
        config.global_cfg.root_path = iox.Path.new(folder)
        config.global_cfg.prefix = iox.FileName.new(PREFIX)
        self.node = iox.NodeBuilder.new().config(config).create(iox.ServiceType.Ipc)
        self.service = (
            self.node.service_builder(iox.ServiceName.new(name))
            .publish_subscribe(iox.Slice[ctypes.c_uint8])
            .enable_safe_overflow(False)
            .subscriber_max_buffer_size(job.depth)
            .open_or_create()
        )
        self.event = self.node.service_builder(iox.ServiceName.new(name)).event().open_or_create()

    def close(self) -> None:
        pass


class _Sender(_End):
    def __init__(self, shared: tuple[str, str], job: Job) -> None:
        super().__init__(shared, job)
        self._publisher = (
            self.service.publisher_builder()
            .initial_max_slice_len(job.size_bytes + _HEAD_BYTES)
            .backpressure_strategy(iox.BackpressureStrategy.RetryUntilDelivered)
            .create()
        )
        self._notify: Callable[[], object] = lambda: None
        if job.what == "events":
            self._notify = self.event.notifier_builder().create().notify

    def send(self, body: bytes) -> None:
        sample = self._publisher.loan_slice_uninit(len(body))
        ctypes.memmove(sample.payload_ptr, body, len(body))
        sample.assume_init().send()
        self._notify()

    def send_frame(self, sent_ns: int, frame: Frame) -> None:
        sample = self._publisher.loan_slice_uninit(frame.size + _HEAD_BYTES)
        whole = np.frombuffer(sample.payload().as_memory_view(), np.uint8)
        whole[:_HEAD_BYTES].view(np.int64)[0] = sent_ns
        np.copyto(whole[_HEAD_BYTES:], frame)
        sample.assume_init().send()
        self._notify()


class _Receiver(_End):
    def __init__(self, shared: tuple[str, str], job: Job) -> None:
        super().__init__(shared, job)
        self._subscriber = self.service.subscriber_builder().buffer_size(job.depth).create()
        self._wait: Callable[[], object] = lambda: None
        if job.what == "events":
            self._wait = self.event.listener_builder().create().blocking_wait

    def _sample(self) -> Any:
        while (sample := self._subscriber.receive()) is None:
            self._wait()
        return sample

    def receive(self) -> bytes:
        sample = self._sample()
        payload = sample.payload()
        body = ctypes.string_at(payload.data_ptr, payload.number_of_elements)
        sample.delete()
        return body

    def receive_frame(self) -> tuple[int, Any]:
        self._sample_in_hand = None
        sample = self._sample_in_hand = self._sample()  # the array lives as long as its sample
        whole = np.frombuffer(sample.payload().as_memory_view(), np.uint8)
        return int(whole[:_HEAD_BYTES].view(np.int64)[0]), whole[_HEAD_BYTES:]


def sender(shared: tuple[str, str], job: Job) -> _Sender:
    """The sending end."""
    return _Sender(shared, job)


def receiver(shared: tuple[str, str], job: Job) -> _Receiver:
    """The receiving end."""
    return _Receiver(shared, job)

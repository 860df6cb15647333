"""Two processes over a bare transport: one drives it as pipertd's source does, the other one takes and counts.

An adapter is a module with `share`, `sender` and `receiver`; what `share` makes goes to both ends.
"""

from __future__ import annotations

import importlib
import multiprocessing
import multiprocessing.connection
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.synchronize import Event
from typing import Any, Protocol

from tests.benchmarks.arrivals import Arrivals
from tests.benchmarks.job import WARM_UP_S, Frame, Job, encoded, prepared_frames, sent_ns_of, touch

_NS = 1_000_000_000
_END = 0  # sent at no time: the last message
_JOIN_S = 10.0


class Sender(Protocol):
    """The sending end; every call returns when the transport has taken the message, and none is dropped."""

    def send(self, body: bytes) -> None:
        """One small message."""

    def send_frame(self, sent_ns: int, frame: Frame) -> None:
        """One array from private memory, with its time."""

    def close(self) -> None:
        """Give back what the end holds; everything has been taken."""


class Receiver(Protocol):
    """The receiving end; every call waits for a message."""

    def receive(self) -> Any:
        """The bytes of one small message."""

    def receive_frame(self) -> tuple[int, Any]:
        """When an array was sent, and the array."""

    def close(self) -> None:
        """Give back what the end holds."""


class Adapter(Protocol):
    """A transport."""

    share: Callable[[SpawnContext, Job], Any]
    sender: Callable[[Any, Job], Sender]
    receiver: Callable[[Any, Job], Receiver]


def measure(name: str, job: Job) -> dict[str, float]:
    """The figures of the adapter called ``name``; this process is the receiving end."""
    adapter: Adapter = importlib.import_module(name)
    context = multiprocessing.get_context("spawn")
    shared = adapter.share(context, job)
    ready, done = context.Event(), context.Event()
    child = context.Process(target=_send_all, args=(name, shared, job, ready, done))
    child.start()
    threading.Thread(target=_die_with, args=(child,), daemon=True).start()
    receiver = adapter.receiver(shared, job)
    ready.set()
    arrivals = Arrivals(paced=job.per_second is not None)
    (_take_frames if job.is_frame else _take_small)(receiver, arrivals)
    done.set()
    report = arrivals.report()
    child.join(_JOIN_S)
    receiver.close()
    return report


def _die_with(child: SpawnProcess) -> None:
    """A receiver would wait for ever for what a dead sender did not send."""
    multiprocessing.connection.wait([child.sentinel])
    if child.exitcode:
        os._exit(1)


def _take_small(receiver: Receiver, arrivals: Arrivals) -> None:
    receive, note, now_ns = receiver.receive, arrivals.note, time.monotonic_ns
    while sent_ns := sent_ns_of(receive()):
        note(now_ns(), sent_ns)


def _take_frames(receiver: Receiver, arrivals: Arrivals) -> None:
    while True:
        sent_ns, frame = receiver.receive_frame()
        if sent_ns == _END:
            return
        arrivals.note(time.monotonic_ns(), sent_ns)
        touch(frame)
        del frame  # before the next one is waited for


def _send_all(name: str, shared: Any, job: Job, ready: Event, done: Event) -> None:
    adapter: Adapter = importlib.import_module(name)
    sender = adapter.sender(shared, job)
    ready.wait()
    frames = prepared_frames(job.size_bytes) if job.is_frame else []
    due_ns, period_ns = time.monotonic_ns(), int(_NS / job.per_second) if job.per_second else 0
    until_ns = due_ns + int((job.seconds + WARM_UP_S) * _NS)
    number = 0
    while True:
        if period_ns:
            due_ns += period_ns
            time.sleep(max(0, due_ns - time.monotonic_ns()) / _NS)
        sent_ns = time.monotonic_ns()
        if sent_ns >= until_ns:
            break
        if frames:
            number += 1
            sender.send_frame(sent_ns, frames[number & 3])
        else:
            sender.send(encoded(sent_ns, job.size_bytes))
    if frames:
        sender.send_frame(_END, frames[0])
    else:
        sender.send(encoded(_END, job.size_bytes))
    done.wait()  # what is on its way when an end closes may be lost
    sender.close()

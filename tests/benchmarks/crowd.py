"""A daemon with as many streams as it takes: what those that nobody reads cost, and those that all read at once."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import grpc

from pipertd.rpc import event_pb2, event_pb2_grpc, log_pb2, log_pb2_grpc, pipeline_pb2, status_pb2, status_pb2_grpc
from tests.benchmarks.idle import serving
from tests.benchmarks.job import Job
from tests.benchmarks.memory import memory_mib
from tests.process.hostile import Connection
from tests.process.served import DEADLINE_S, Daemon

_STREAMS, _OF_A_CONNECTION = 256, 128
_READERS, _EVENTS = 75, 100  # watchers, and as many followers of the logs
_FLOWS = 4
_LINES = 100_000
_STILL, _STILL_MIB = 5, 0.5  # rounds in which the memory grows by less
_LOGS = "/pipertd.v1.LogService/ReadLogs"


def run(job: Job) -> dict[str, float]:
    """``job.what`` is "unread" or "read"."""
    with tempfile.TemporaryDirectory() as name, serving(Path(name), _FLOWS) as (daemon, _):
        return _unread(daemon) if job.what == "unread" else asyncio.run(_read(daemon))


def _unread(daemon: Daemon) -> dict[str, float]:
    """What the streams add that follow all logs from their beginning, and that nobody reads."""
    assert daemon.process is not None
    (daemon.state / "logs/past").mkdir()
    (daemon.state / "logs/past/f.log").write_text("".join(f"line {number} {'x' * 80}\n" for number in range(_LINES)))
    with ExitStack() as stack:
        channel = stack.enter_context(grpc.insecure_channel(_address(daemon)))
        _look_ms(channel)
        before_mib = memory_mib(daemon.process.pid, "RssAnon")
        request = log_pb2.ReadLogsRequest(follow=True, limit=_LINES).SerializeToString()
        for _ in range(_STREAMS // _OF_A_CONNECTION):
            one = Connection(daemon.runtime / "control.sock")
            stack.callback(one.close)
            one.greet()
            for number in range(_OF_A_CONNECTION):
                one.call(_LOGS, request, 2 * number + 1)
        looks_ms = _until_still(daemon.process.pid, channel)
        return {
            "added_mib": memory_mib(daemon.process.pid, "RssAnon") - before_mib,
            "look_p50_ms": statistics.median(looks_ms),
            "look_worst_ms": max(looks_ms),
        }


def _until_still(pid: int, channel: grpc.Channel) -> list[float]:
    """What looks take until the daemon's memory has stayed as it is for a few rounds of them."""
    looks_ms: list[float] = []
    still, held_mib = 0, 0.0
    while still < _STILL:
        for _ in range(20):
            looks_ms.append(_look_ms(channel))
            time.sleep(0.05)
        before_mib, held_mib = held_mib, memory_mib(pid, "RssAnon")
        still = still + 1 if held_mib - before_mib < _STILL_MIB else 0
    return looks_ms


async def _read(daemon: Daemon) -> dict[str, float]:
    """How long notices and records take to all readers, and looks meanwhile."""
    async with AsyncExitStack() as stack:
        options = [("grpc.use_local_subchannel_pool", 1)]
        first, second, third = [
            await stack.enter_async_context(grpc.aio.insecure_channel(_address(daemon), options)) for _ in range(3)
        ]
        status, logs = status_pb2_grpc.StatusServiceStub(first), log_pb2_grpc.LogServiceStub(second)
        streams: list[Any] = [
            *(status.WatchNotices(status_pb2.WatchNoticesRequest(after_revision=-1)) for _ in range(_READERS)),
            *(logs.ReadLogs(log_pb2.ReadLogsRequest(follow=True)) for _ in range(_READERS)),
        ]
        for each in streams:
            await each.read()
        began_s = time.monotonic()
        heard = [asyncio.create_task(_hear(each)) for each in streams]
        looks_ms = await _storm(third)
        await asyncio.gather(*heard)
        return {
            "per_second": _EVENTS * len(streams) / (time.monotonic() - began_s),
            "look_p50_ms": statistics.median(looks_ms),
            "look_worst_ms": max(looks_ms),
        }


async def _storm(channel: Any) -> list[float]:
    """Events as fast as they are answered, and what a look takes behind each of them."""
    events, status = event_pb2_grpc.EventServiceStub(channel), status_pb2_grpc.StatusServiceStub(channel)
    request = event_pb2.NotifyEventRequest(event="NOTE", target=pipeline_pb2.Target(pipeline="idle"))
    looks_ms = []
    for _ in range(_EVENTS):
        await events.NotifyEvent(request, timeout=DEADLINE_S)
        began_ns = time.monotonic_ns()
        await status.GetStatus(status_pb2.GetStatusRequest(), timeout=DEADLINE_S)
        looks_ms.append((time.monotonic_ns() - began_ns) / 1e6)
    return looks_ms


async def _hear(stream: Any) -> None:
    """Read until all events were told."""
    left = _EVENTS
    while left:
        response = await stream.read()
        text = response.notice.message if hasattr(response, "notice") else response.record.message
        left -= text.startswith("event NOTE went to")
    stream.cancel()


def _look_ms(channel: grpc.Channel) -> float:
    began_ns = time.monotonic_ns()
    status_pb2_grpc.StatusServiceStub(channel).GetStatus(status_pb2.GetStatusRequest(), timeout=DEADLINE_S)
    return (time.monotonic_ns() - began_ns) / 1e6


def _address(daemon: Daemon) -> str:
    return f"unix:{daemon.runtime / 'control.sock'}"

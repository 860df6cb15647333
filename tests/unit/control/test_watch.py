"""Watches over a history that others write to: which notices each gets, and what one is told that fell behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from pipertd.clock import monotonic_s
from pipertd.control.errors import TooManyStreams
from pipertd.control.facts import DaemonFacts
from pipertd.control.limits import Count
from pipertd.control.pace import BEHIND_S
from pipertd.control.status import StatusService
from pipertd.logs.files import FileLogs
from pipertd.quarantine import Quarantine
from pipertd.rpc import pipeline_pb2, status_pb2, status_pb2_grpc
from pipertd.supervisor.history import History
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import NoticeKind

DEADLINE_S = 120.0


def record(history: History, count: int) -> None:
    for _ in range(count):
        history.record(NoticeKind.EVENT_RAISED, "something", pipeline="p")


@asynccontextmanager
async def watched(folder: Path, kept: int) -> AsyncIterator[tuple[History, Any]]:
    """A history of 10 notices that keeps so many, and the StatusService over it on a socket."""
    history = History(folder / "notices.jsonl", kept=kept)
    record(history, 10)
    supervisor = Supervisor(
        runtime_dir=folder,
        logs=FileLogs(folder / "logs"),
        history=history,
        quarantine=Quarantine(folder / "quarantine", 1),
        orphan_timeout_s=0.0,
    )
    facts = DaemonFacts("0", 1, 0.0, "", "", "", (), "", (), 1)
    server = grpc.aio.server()
    service = StatusService(supervisor, facts, Count("streams", TooManyStreams, 1000, 1000))
    status_pb2_grpc.add_StatusServiceServicer_to_server(service, server)
    server.add_insecure_port(f"unix:{folder / 'socket'}")
    await server.start()
    try:
        async with asyncio.timeout(DEADLINE_S), grpc.aio.insecure_channel(f"unix:{folder / 'socket'}") as channel:
            yield history, status_pb2_grpc.StatusServiceStub(channel)
    finally:
        await server.stop(None)
        history.close()


def tell(folder: Path, kept: int, story: Callable[[History, Any], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with watched(folder, kept) as (history, stub):
            await story(history, stub)

    asyncio.run(run())


def test_every_watcher_gets_what_is_behind_its_revision_once(tmp_path: Path) -> None:
    """Begun at any time, behind any revision, in bursts of any size: each sees the same history from there on."""
    chance, last = random.Random(4), 600

    async def story(history: History, stub: Any) -> None:
        async def follow() -> tuple[int, list[int]]:
            await asyncio.sleep(0)  # others have begun by then
            begin = chance.randrange(history.oldest - 1, history.revision + 1)
            seen: list[int] = []
            async for response in stub.WatchNotices(status_pb2.WatchNoticesRequest(after_revision=begin)):
                if response.HasField("notice"):
                    seen.append(response.notice.revision)
                if seen and seen[-1] == last:
                    break
            return begin, seen

        async def storm() -> None:
            while history.revision < last:
                record(history, min(chance.randrange(1, 60), last - history.revision))
                watchers.extend(group.create_task(follow()) for _ in range(2))
                for _ in range(chance.randrange(20)):
                    await asyncio.sleep(0)

        watchers: list[asyncio.Task[tuple[int, list[int]]]] = []
        async with asyncio.TaskGroup() as group:
            group.create_task(storm())
        assert len(watchers) > 20
        for watcher in watchers:
            begin, seen = watcher.result()
            assert seen == list(range(begin + 1, last + 1))

    tell(tmp_path, 10_000, story)


def test_a_watcher_that_fell_behind_is_told_where_to_go_on(tmp_path: Path) -> None:
    """More than is kept came at once: OUT_OF_RANGE with the oldest and newest revision and the epoch, and no notice."""

    async def story(history: History, stub: Any) -> None:
        watching = stub.WatchNotices(status_pb2.WatchNoticesRequest(after_revision=-1))
        assert (await watching.read()).progress.revision == 10
        record(history, 100)
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await watching.read()
        assert refused.value.code() is grpc.StatusCode.OUT_OF_RANGE
        (detail,) = rpc_status.from_call(refused.value).details
        info = error_details_pb2.ErrorInfo()
        assert detail.Unpack(info)
        assert info.reason == "REVISION_TOO_OLD"
        assert info.metadata == {"asked": "10", "oldest": "91", "newest": "110", "epoch": history.epoch}

    tell(tmp_path, 20, story)


def test_markers_are_as_few_as_their_pace_allows(tmp_path: Path) -> None:
    """However many notices pass that are not of the target, they cost a marker a second; the last is told of."""

    async def story(history: History, stub: Any) -> None:
        target = pipeline_pb2.Target(pipeline="another")
        history.record(NoticeKind.EVENT_RAISED, "something", pipeline="another")
        watching = stub.WatchNotices(status_pb2.WatchNoticesRequest(after_revision=-1, target=target))
        begin_s = monotonic_s()
        markers = [(await watching.read()).progress.revision]
        for _ in range(100):
            record(history, 10)
            await asyncio.sleep(0)
        while markers[-1] < history.revision:
            markers.append((await watching.read()).progress.revision)
        assert markers == sorted(set(markers))
        assert len(markers) <= 2 + (monotonic_s() - begin_s) / BEHIND_S

    tell(tmp_path, 10_000, story)

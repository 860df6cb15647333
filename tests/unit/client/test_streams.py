"""Streams against a server that fails as it is told to, over a real socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from pipertd.client import AsyncClient, Client, ClientError, DeadlineExceeded, NoRoom, Unreachable
from pipertd.client.records import Notice
from pipertd.rpc import status_pb2
from tests.waiting import wait_until

Play = Sequence[int | grpc.StatusCode]


class Told:
    """Plays one play a call: sends a notice of each revision, says how far it is with 0, and ends with the code."""

    def __init__(self, plays: list[Play]) -> None:
        self.plays = plays
        self.asked: list[tuple[str, int]] = []

    def watch_notices(
        self, request: status_pb2.WatchNoticesRequest, context: grpc.ServicerContext
    ) -> Iterator[status_pb2.WatchNoticesResponse]:
        self.asked.append((request.epoch, request.after_revision))
        for act in self.plays.pop(0):
            if isinstance(act, grpc.StatusCode):
                context.abort(act, "as told")
            elif act:
                yield status_pb2.WatchNoticesResponse(notice=status_pb2.Notice(epoch="e", revision=act))
            else:
                yield status_pb2.WatchNoticesResponse(progress=status_pb2.WatchProgress(epoch="e", revision=7))


@pytest.fixture
def socket(tmp_path: Path) -> str:
    return f"unix:{tmp_path}/s"


@contextmanager
def serving(socket: str, *plays: Play) -> Iterator[Told]:
    told = Told(list(plays))
    handler = grpc.unary_stream_rpc_method_handler(
        told.watch_notices,
        request_deserializer=status_pb2.WatchNoticesRequest.FromString,
        response_serializer=status_pb2.WatchNoticesResponse.SerializeToString,
    )
    with ThreadPoolExecutor(4) as pool:
        server = grpc.server(pool)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("pipertd.v1.StatusService", {"WatchNotices": handler}),)
        )
        server.add_insecure_port(socket)
        server.start()
        try:
            yield told
        finally:
            server.stop(None).wait()


LOST, FULL = grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED
LATE = grpc.StatusCode.DEADLINE_EXCEEDED  # as of something between client and daemon


def watch(socket: str, *, awaited: bool, **more: Any) -> list[int]:
    """The revisions that are seen until the stream ends."""
    if not awaited:
        with Client(socket) as client:
            return [notice.revision for notice in client.status.watch(after_revision=4, epoch="e", **more)]

    async def listen() -> list[int]:
        async with AsyncClient(socket) as client:
            return [each.revision async for each in client.status.watch(after_revision=4, epoch="e", **more)]

    return asyncio.run(listen())


@pytest.mark.parametrize("awaited", [False, True])
def test_a_stream_asks_again_behind_what_it_read(socket: str, *, awaited: bool) -> None:
    """Each loss is told, and answered by asking for what is behind the last notice or progress marker."""
    lost: list[ClientError] = []
    with serving(socket, [5, 6, LOST], [LOST], [0, LOST], [FULL], [8]) as told:
        assert watch(socket, awaited=awaited, on_lost=lost.append) == [5, 6, 8]
    assert told.asked == [("e", 4), ("e", 6), ("e", 6), ("e", 7), ("e", 7)]
    assert [type(each) for each in lost] == [Unreachable, Unreachable, Unreachable, NoRoom]


@pytest.mark.parametrize("awaited", [False, True])
@pytest.mark.parametrize(
    ("play", "error"),
    [
        ([LOST], Unreachable),
        ([FULL], NoRoom),
        ([5, grpc.StatusCode.INTERNAL], ClientError),
        ([5, LATE], DeadlineExceeded),
    ],
)
def test_what_is_no_outage_ends_a_stream(socket: str, play: Play, error: type[ClientError], *, awaited: bool) -> None:
    """A first connection that fails, and any other error at any time, is raised and nothing is asked again."""
    with serving(socket, play) as told, pytest.raises(error):
        watch(socket, awaited=awaited)
    assert len(told.asked) == 1


@pytest.mark.parametrize("awaited", [False, True])
def test_who_does_not_resume_is_told_of_the_first_loss(socket: str, *, awaited: bool) -> None:
    """With resume=False, and where on_lost raises, the stream ends with the loss."""

    def give_up(lost: ClientError) -> None:
        raise TimeoutError from lost

    with serving(socket, [5, LOST], [5, LOST]) as told:
        with pytest.raises(Unreachable, match="as told"):
            watch(socket, awaited=awaited, resume=False)
        with pytest.raises(TimeoutError):
            watch(socket, awaited=awaited, on_lost=give_up)
    assert len(told.asked) == 2


def test_a_stream_ends_in_an_outage_too(socket: str) -> None:
    """Who closes a client while its streams wait for a daemon that is gone waits for nothing."""
    lost: list[ClientError] = []
    seen: list[Notice] = []
    with Client(socket) as client, serving(socket, [5, LOST], *[[LOST]] * 1000):
        listening = threading.Thread(target=seen.extend, args=(client.status.watch(on_lost=lost.append),))
        listening.start()
        wait_until(lambda: lost, what="the loss")
    listening.join()

    async def listen() -> None:
        async with AsyncClient(socket) as client:
            waiting = asyncio.Event()
            notices = client.status.watch(on_lost=lambda _: waiting.set())
            assert (await anext(notices)).revision == 5
            rest = asyncio.create_task(anext(notices, None))
            await waiting.wait()
        assert await rest is None

    with serving(socket, [5, LOST], *[[LOST]] * 1000):
        asyncio.run(listen())
    assert [each.revision for each in seen] == [5]

"""Streams that outlive their daemon, for threads and for asyncio.

A stream that resumes asks again when its connection is lost, behind what it has read, until somebody answers. The first
connection must succeed: an address at which nobody answers is an error, not an outage.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any, Generic, Self, TypeVar

import grpc
import grpc.aio

from pipertd.client.address import Address, claim
from pipertd.client.call import Feed
from pipertd.client.errors import NoRoom, Unreachable
from pipertd.client.refusal import refusal

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 2.0
MOST_STREAMS = 100  # of one client: its connection has place for 128 streams and calls, and holds more back in silence

T = TypeVar("T")


def make_room(address: Address, streams: Iterable[Stream[Any] | AsyncStream[Any]]) -> None:
    """Have place for one more stream of a client that has ``streams``.

    Raises:
        NoRoom: there is none.
    """
    if sum(each.is_open for each in streams) >= MOST_STREAMS:
        raise NoRoom(
            f"cannot open another stream to {address}: this client has {MOST_STREAMS} open, which is the most; "
            "close one, or make another client",
            "RESOURCE_EXHAUSTED",
        )


class _Outage(Generic[T]):
    """What a stream does about a connection that is lost: how long it waits before it asks again, if it may."""

    def __init__(self, feed: Feed[T], address: Address) -> None:
        self._feed = feed
        self._address = address
        self._connected = False
        self._pause_s = FIRST_PAUSE_S

    def over(self) -> None:
        """The daemon answered."""
        self._connected = True
        self._pause_s = FIRST_PAUSE_S

    def pause_s(self, error: grpc.RpcError) -> float:
        """How long to wait; ClientError where the stream is at its end. At random, lest all come at once."""
        told = refusal(error, self._address)
        passing = isinstance(told, Unreachable | NoRoom)  # the daemon may not have missed yet what was lost
        if not (passing and self._connected and self._feed.resume):
            raise told from None
        import random  # here: who is not lost needs none

        if self._feed.on_lost is not None:
            self._feed.on_lost(told)
        pause_s = self._pause_s
        self._pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        return pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - no secret


class Stream(Iterator[T]):
    """Items as they come. ``close`` ends it from any thread, and so do ``with`` and the end of its last reference.

    Raises, where the next item is asked for:
        ClientError: there will be none.
    """

    def __init__(self, feed: Feed[T], address: Address) -> None:
        self._feed = feed
        self._outage = _Outage(feed, address)
        self._closed = threading.Event()
        self._call = self._ask()

    def __next__(self) -> T:
        self._feed.wants()
        while not self._closed.is_set():
            try:
                response = next(self._call)
            except grpc.RpcError as error:
                if not self._closed.is_set() and not self._closed.wait(self._outage.pause_s(error)):
                    self._call = self._ask()
                continue
            self._outage.over()
            item = self._feed.read(response)
            if item is not None:
                return item
        self._call.cancel()  # it may have been asked for while it was closed
        raise StopIteration

    def _ask(self) -> Any:
        return self._feed.rpc(self._feed.request, metadata=claim())

    @property
    def is_open(self) -> bool:
        """Whether it takes a place on the connection."""
        return not (self._closed.is_set() or self._call.done())

    def close(self) -> None:
        """Have no more items; a thread that waits for the next one is told so at once."""
        self._closed.set()
        self._call.cancel()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_call"):
            self.close()


class AsyncStream(AsyncIterator[T]):
    """Items as they come. ``aclose`` ends it from any task, and so do ``async with`` and its last reference's end.

    A wait for the next item may be given up, by ``asyncio.timeout`` or a cancellation: no item is lost.

    Raises, where the next item is asked for:
        ClientError: there will be none.
    """

    def __init__(self, feed: Feed[T], address: Address) -> None:
        self._feed = feed
        self._outage = _Outage(feed, address)
        self._closed = asyncio.Event()
        self._call = self._ask()
        self._reading: asyncio.Future[Any] | None = None

    async def __anext__(self) -> T:
        self._feed.wants()
        while not self._closed.is_set():
            try:
                response = await self._read()
            except grpc.RpcError as error:
                if not self._closed.is_set() and not await self._ends_within(self._outage.pause_s(error)):
                    self._call = self._ask()
                continue
            except asyncio.CancelledError:
                if self._closed.is_set() and not is_cancelled():
                    break
                raise
            if response is grpc.aio.EOF:
                break
            self._outage.over()
            item = self._feed.read(response)
            if item is not None:
                return item
        raise StopAsyncIteration

    async def _read(self) -> Any:
        """The next response. Who is cancelled here leaves the read to whoever comes next; gRPC would end the call."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(self._call.read())
            self._reading.add_done_callback(_look_at)
        try:
            response = await asyncio.shield(self._reading)
        except grpc.RpcError:
            self._reading = None
            raise
        self._reading = None
        return response

    async def _ends_within(self, pause_s: float) -> bool:
        try:
            async with asyncio.timeout(pause_s):
                await self._closed.wait()
        except TimeoutError:
            return False
        return True

    def _ask(self) -> Any:
        return self._feed.rpc(self._feed.request, metadata=claim())

    @property
    def is_open(self) -> bool:
        """Whether it takes a place on the connection."""
        return not (self._closed.is_set() or self._call.done())

    async def aclose(self) -> None:
        """Have no more items; a task that waits for the next one is told so at once."""
        self._closed.set()
        self._call.cancel()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if hasattr(self, "_call"):
            self._call.cancel()


def _look_at(reading: asyncio.Future[Any]) -> None:
    """Have asyncio not complain of an end of the stream that nobody waited for any more."""
    if not reading.cancelled():
        reading.exception()


def is_cancelled() -> bool:
    """Whether the task that runs is: gRPC says the same where only a call was."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0

"""Server-sent events: a stream of the daemon's as a page or curl can follow it.

``id`` is where to go on: a client that comes back says it as ``Last-Event-ID``, and misses nothing. While the daemon is
away the stream stays open, and says so by the event ``lost``. One that ends says why by the event ``end``.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, NamedTuple

from google.protobuf.message import Message
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from pipertd.client import ClientError
from pipertd.client.streams import AsyncStream
from pipertd.cockpit.limits import PULSE_S
from pipertd.cockpit.problem import Problem
from pipertd.cockpit.writing import text_of

MEDIA_TYPE = "text/event-stream"
RETRY_MS = 1000  # a page comes back after so long, where its connection broke
_PULSE = b": still here\n\n"


class Event(NamedTuple):
    """One event; an empty ``place`` leaves the client where it is."""

    kind: str
    place: str
    document: object

    def encoded(self) -> bytes:
        """As the format has it: JSON in one line."""
        place = f"id: {self.place}\n" if self.place else ""
        return f"{place}event: {self.kind}\ndata: {text_of(self.document)}\n\n".encode()


class Telling:
    """What one client is told: the items of a stream one by one, and what becomes of the connection to the daemon.

    Only when an item was sent is the next one asked for, so nothing piles up for a client that does not read.
    """

    def __init__(self) -> None:
        self._said: asyncio.Queue[Event | Problem] = asyncio.Queue()
        self._is_lost = False

    def lost(self, error: ClientError) -> None:
        """The connection is; said once for an outage, however often it is tried."""
        if not self._is_lost:
            self._is_lost = True
            self._said.put_nowait(Event("lost", "", Problem.of(error).document()))

    def end(self, why: Problem) -> None:
        """Have the client told no more."""
        self._said.put_nowait(why)

    async def read(self, stream: AsyncStream[Message], told: Callable[[Any], Event]) -> None:
        """Tell all of it, then that it ended."""
        try:
            async for item in stream:
                self._is_lost = False
                self._said.put_nowait(told(item))
                await self._said.join()
        except ClientError as error:
            self.end(Problem.of(error))
        else:
            self.end(Problem(503, "ENDED", "there is nothing more: the daemon ended the stream"))

    async def next(self) -> Event | Problem | None:
        """What comes next; None where nothing was said for a while."""
        try:
            async with asyncio.timeout(PULSE_S):
                return await self._said.get()
        except TimeoutError:
            return None

    def sent(self) -> None:
        """What came last was."""
        self._said.task_done()


class EventStream(Response):
    """The answer that goes on until its client leaves, or there is nothing more to be told; ``held`` is given back."""

    media_type = MEDIA_TYPE

    def __init__(self, telling: Telling, first: Event | None, held: AsyncExitStack) -> None:
        super().__init__()
        del self.headers["content-length"]
        self.headers["x-accel-buffering"] = "no"  # nginx would keep events back
        self._telling, self._first, self._held = telling, first, held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - as ASGI has it
        """Tell, and see meanwhile whether somebody is there."""
        async with self._held:
            telling = asyncio.ensure_future(self._tell(send))
            leaving = asyncio.ensure_future(_left(receive))
            try:
                await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                leaving.cancel()
                telling.cancel()
                await asyncio.wait({telling, leaving})
            if not telling.cancelled():
                telling.result()

    async def _tell(self, send: Send) -> None:
        async def write(piece: bytes, *, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": piece, "more_body": more})

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await write(f"retry: {RETRY_MS}\n\n".encode())
        said: Event | Problem | None = self._first
        while not isinstance(said, Problem):
            await write(_PULSE if said is None else said.encoded())
            if said is not None:
                self._telling.sent()
            said = await self._telling.next()
        await write(Event("end", "", said.document()).encoded(), more=False)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

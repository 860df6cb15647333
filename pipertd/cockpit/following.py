"""Following a stream of the daemon's: its place, its reader, and the first thing that it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any

from google.protobuf.message import Message
from starlette.responses import Response

from pipertd.client import ClientError
from pipertd.cockpit.problem import Problem
from pipertd.cockpit.routing import Asked
from pipertd.cockpit.sse import Event, EventStream, Telling


async def follow(asked: Asked, request: Message, move: Callable[[Any], None], told: Callable[[Any], Event]) -> Response:
    """Server-sent events, for as long as somebody listens; going on when the daemon is started again.

    Args:
        asked: on a route whose rpc streams.
        request: of that rpc.
        move: moves ``request`` on behind a response.
        told: a response as an event.

    Raises:
        Problem: there is no place, or the daemon refuses.
    """
    telling = Telling()
    async with AsyncExitStack() as held:
        held.enter_context(asked.server.streams.taken(asked.right))
        held.enter_context(_known(asked.server.tellings, telling))
        try:
            stream = asked.daemon.verbatim.follow(
                asked.route.rpc.name, request, asked.route.rpc.response, move=move, resume=True, on_lost=telling.lost
            )
        except ClientError as error:
            raise Problem.of(error) from None
        held.push_async_callback(stream.aclose)
        reader = asyncio.ensure_future(telling.read(stream, told))
        held.push_async_callback(_cancelled, reader)
        first = await telling.next()
        if isinstance(first, Problem):
            raise first
        return EventStream(telling, first, held.pop_all())
    raise AssertionError  # for mypy: the stack swallows nothing


@contextmanager
def _known(tellings: set[Telling], telling: Telling) -> Iterator[None]:
    """Have it told when the server stops."""
    tellings.add(telling)
    try:
        yield
    finally:
        tellings.discard(telling)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})

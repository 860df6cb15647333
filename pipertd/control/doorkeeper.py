"""Every rpc of a door passes here: its caller is made known, counted, refused where its role is too small, and audited.

What changes something goes on to its end, whether its caller waits for that or not: half a change is nobody's wish.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import aclosing
from typing import Any

import grpc

from pipertd.control.audit import Audit
from pipertd.control.caller import NotPermitted, demand, enter
from pipertd.control.codes import status_of
from pipertd.control.doors import Door
from pipertd.control.errors import TooManyCalls, TooManyStreams, UnknownRpc
from pipertd.control.handling import Behaviour, Context, Handler, behaviour_of, changed
from pipertd.control.limits import Limits
from pipertd.control.roles import RPCS, Rpc
from pipertd.errors import PipertdError


class Doorkeeper(grpc.aio.ServerInterceptor):
    """What stands before the services of one door."""

    def __init__(self, door: Door, limits: Limits) -> None:
        self._door = door
        self._limits = limits
        self._audit = Audit()
        self._changing: set[asyncio.Task[Any]] = set()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """The handler of an rpc, behind the check."""
        handler = await continuation(details)
        if handler is None:
            return _refusal(UnknownRpc(details.method))
        return changed(handler, self._checked(RPCS[details.method], behaviour_of(handler)))

    def _checked(self, rpc: Rpc, behaviour: Behaviour) -> Behaviour:
        async def checked(request: Any, context: Context) -> Any:
            caller = self._door.caller(context)
            enter(caller)
            with self._audit.of(rpc, caller, request, context):
                try:
                    demand(rpc.least_role, f"call {rpc.name}")
                    with self._limits.of(rpc).one_more(caller.role):
                        return await _answer(behaviour(request, context), context)
                except (NotPermitted, TooManyCalls, TooManyStreams) as refusal:
                    await context.abort_with_status(status_of(refusal))

        return self._to_its_end(checked) if rpc.changes else checked

    def _to_its_end(self, behaviour: Callable[[Any, Any], Coroutine[Any, Any, Any]]) -> Behaviour:
        async def shielded(request: Any, context: Context) -> Any:
            changing = asyncio.create_task(behaviour(request, context))
            self._changing.add(changing)
            changing.add_done_callback(self._changing.discard)
            return await asyncio.shield(changing)

        return shielded


def _refusal(error: PipertdError) -> Handler:
    """The handler of an rpc that is not there, of whichever kind its caller thinks it is."""

    async def refused(_: Any, context: Context) -> None:
        await context.abort_with_status(status_of(error))

    found: Handler = grpc.stream_stream_rpc_method_handler(refused)
    return found


async def _answer(doing: Awaitable[Any] | AsyncIterator[Any], context: Context) -> Any:
    """What ``doing`` returns; what it yields is written."""
    if inspect.isawaitable(doing):
        return await doing
    async with aclosing(doing) as responses:  # type: ignore[type-var]
        async for response in responses:
            await context.write(response)
    return None

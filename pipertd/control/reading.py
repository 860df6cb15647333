"""Requests that are no message of their kind: refused, as what they are.

gRPC parses a request inside its own handler, where bytes that cannot be parsed look like a fault of the service:
UNKNOWN for the client, and a traceback in the log for everybody who sends garbage. Here the parser never raises: what
it cannot read has a type of its own, which is refused before the service sees it.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from pipertd.control.codes import status_of
from pipertd.control.errors import BadRequest, RequestTooLarge
from pipertd.control.handling import Behaviour, Context, Handler, Parser, behaviour_of, changed
from pipertd.control.limits import MOST_REQUEST_BYTES


@dataclass(frozen=True)
class Unreadable:
    """Bytes that are no message, or more of them than a message may have; and what is to be said of that."""

    error: BadRequest | RequestTooLarge


class WholeRequests(grpc.aio.ServerInterceptor):
    """Shows services whole messages only: for others the client gets INVALID_ARGUMENT.

    A method that a service leaves to its stub, which is no coroutine, is UNIMPLEMENTED without a traceback.
    """

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """The handler of one call, behind a parser that never raises."""
        handler = await continuation(handler_call_details)
        if handler is None or not _is_written(behaviour_of(handler)):
            return None
        guarded = _of_many if handler.request_streaming else _of_one
        return changed(handler, guarded(behaviour_of(handler)), _tolerant(handler.request_deserializer))


def _is_written(method: Behaviour) -> bool:
    return inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)


def _tolerant(parse: Parser | None) -> Parser:
    assert parse is not None, "every service reads messages of protobuf"

    def read(data: bytes) -> Any:
        if len(data) > MOST_REQUEST_BYTES:
            size = f"it has {len(data)} bytes, and {MOST_REQUEST_BYTES} are allowed"
            return Unreadable(RequestTooLarge(f"cannot read the request: {size}"))
        try:
            request = parse(data)
        except DecodeError as reason:
            return Unreadable(BadRequest(f"cannot read the request: {reason}"))
        request.DiscardUnknownFields()  # a call that waits would keep them
        return request

    return read


def _of_one(method: Behaviour) -> Behaviour:
    """A method of one request, in the form it has: gRPC looks whether it is a generator."""
    if inspect.isasyncgenfunction(method):

        async def streamed(request: Any, context: Context) -> AsyncIterator[Any]:
            await _refuse_unreadable(request, context)
            async with aclosing(method(request, context)) as responses:
                async for response in responses:
                    yield response

        return streamed

    async def answered(request: Any, context: Context) -> Any:
        await _refuse_unreadable(request, context)
        return await method(request, context)

    return answered


def _of_many(method: Behaviour) -> Behaviour:
    """A method of many requests that answers with many."""

    async def streamed(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        try:
            async with aclosing(method(_readable(requests), context)) as responses:
                async for response in responses:
                    yield response
        except (BadRequest, RequestTooLarge) as error:  # of a service that is none of ours, and has no boundary
            await context.abort_with_status(status_of(error))

    return streamed


async def _readable(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Raises what is wrong with a request where the service asks for it, as if it had found out itself."""
    async for request in requests:
        if isinstance(request, Unreadable):
            raise request.error
        yield request


async def _refuse_unreadable(request: Any, context: Context) -> None:
    if isinstance(request, Unreadable):
        await context.abort_with_status(status_of(request.error))

"""Around every rpc: errors become statuses, faults become INTERNAL and a traceback in the log, streams are counted."""

from __future__ import annotations

import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import grpc

from pipertd.control.codes import TooManyStreams, internal_error, status_of
from pipertd.errors import PipertdError

MOST_STREAMS = 256

logger = logging.getLogger(__name__)
Service = TypeVar("Service")
Request = TypeVar("Request")
Response = TypeVar("Response")
Context = grpc.aio.ServicerContext[Any, Any]


def unary(
    method: Callable[[Service, Request], Awaitable[Response]],
) -> Callable[[Service, Request, Context], Awaitable[Response]]:
    """An rpc that answers once."""

    @functools.wraps(method)
    async def guarded(service: Service, request: Request, context: Context) -> Response:
        try:
            return await method(service, request)
        except PipertdError as error:
            await context.abort_with_status(status_of(error))
        except Exception:
            logger.exception("%s failed", method.__qualname__)
            await context.abort_with_status(internal_error())
        raise AssertionError("abort does not return")

    return guarded


class Streams:
    """How many streams are open, of all clients together. Control calls need none, so they always get through."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self.most = most
        self.open = 0


def stream(
    method: Callable[[Service, Request], AsyncIterator[Response]],
) -> Callable[[Service, Request, Context], AsyncIterator[Response]]:
    """An rpc that answers many times; the service has ``streams``."""

    @functools.wraps(method)
    async def guarded(service: Service, request: Request, context: Context) -> AsyncIterator[Response]:
        streams: Streams = service.streams  # type: ignore[attr-defined]
        if streams.open >= streams.most:
            refusal = TooManyStreams(f"cannot open another stream: {streams.most} are open")
            await context.abort_with_status(status_of(refusal))
        streams.open += 1
        try:
            async with aclosing(method(service, request)) as responses:  # type: ignore[type-var]
                async for response in responses:
                    yield response
        except PipertdError as error:
            await context.abort_with_status(status_of(error))
        except Exception:
            logger.exception("%s failed", method.__qualname__)
            await context.abort_with_status(internal_error())
        finally:
            streams.open -= 1

    return guarded

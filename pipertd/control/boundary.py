"""Around every rpc: errors become statuses, faults become INTERNAL and a traceback in the log."""

from __future__ import annotations

import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from pipertd.control.codes import internal_error, status_of
from pipertd.control.handling import Context
from pipertd.errors import PipertdError

logger = logging.getLogger(__name__)
Service = TypeVar("Service")
Request = TypeVar("Request")
Response = TypeVar("Response")


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


def stream(
    method: Callable[[Service, Request], AsyncIterator[Response]],
) -> Callable[[Service, Request, Context], AsyncIterator[Response]]:
    """An rpc that answers many times."""

    @functools.wraps(method)
    async def guarded(service: Service, request: Request, context: Context) -> AsyncIterator[Response]:
        try:
            async with aclosing(method(service, request)) as responses:  # type: ignore[type-var]
                async for response in responses:
                    yield response
        except PipertdError as error:
            await context.abort_with_status(status_of(error))
        except Exception:
            logger.exception("%s failed", method.__qualname__)
            await context.abort_with_status(internal_error())

    return guarded

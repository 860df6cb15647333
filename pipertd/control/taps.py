"""TapService: looks at what passes on a link. A process of its own does; here its answers are handed on unread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import grpc

from pipertd.control.audit import note
from pipertd.control.boundary import stream
from pipertd.control.errors import BadRequest, TooManyTaps
from pipertd.control.times import seconds_of
from pipertd.errors import TapEnded
from pipertd.rpc import tap_pb2
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.tap import Tap, TapWishes

MOST_TAPS = 8  # of all clients together: each is a process
MOST_CREDIT = 64
MOST_BYTES, USUAL_BYTES = 16 * 1024 * 1024, 3 * 1024 * 1024
WIDEST_PICTURE, USUAL_WIDTH = 16384, 1280
LONGEST_INTERVAL_S = 86400.0

_FORMS = {
    tap_pb2.TAP_FORMAT_UNSPECIFIED: "messagepack",
    tap_pb2.TAP_FORMAT_MESSAGEPACK: "messagepack",
    tap_pb2.TAP_FORMAT_PNG: "png",
    tap_pb2.TAP_FORMAT_JPEG: "jpeg",
}

logger = logging.getLogger(__name__)
Requests = AsyncIterator[tap_pb2.TapLinkRequest]


class TapService:
    """See protos/pipertd/v1/tap.proto."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._open = 0

    @stream
    async def TapLink(self, requests: Requests) -> AsyncIterator[bytes]:  # noqa: N802 - gRPC's name
        """The newest message for each unit of credit, as the process has serialised it."""
        start = await _first(requests)
        note(start, begins=True)
        wishes = _wishes(start)
        if self._open >= MOST_TAPS:
            raise TooManyTaps(f"cannot tap {start.source} -> {start.destination}: {MOST_TAPS} taps are open already")
        self._open += 1
        try:
            visible, why_gone = self._supervisor.visible(start.pipeline, start.source, start.destination)
            tap = await Tap.start(start.pipeline, visible, wishes)
            name = f"{visible.link} of {start.pipeline}"
            logger.info("tap %s is open, in process %d", name, tap.pid)
            gone = asyncio.create_task(self._supervisor.changes.until(lambda: bool(why_gone())))
            gone.add_done_callback(lambda _: tap.kill())  # at once: it holds the memory of the run
            try:
                async with aclosing(_Relay(tap, why_gone).answers(start.credit or 1, requests)) as answers:
                    async for answer in answers:
                        yield answer
            finally:
                gone.cancel()
                tap.end()
                logger.info("tap %s is closed", name)
        finally:
            self._open -= 1


class _Relay:
    """Between one client and one process: credit goes one way, answers the other, and at most one is held here."""

    def __init__(self, tap: Tap, why_gone: Callable[[], str]) -> None:
        self._tap = tap
        self._why_gone = why_gone
        self._credit = 0

    async def answers(self, credit: int, requests: Requests) -> AsyncGenerator[bytes, None]:
        """What the process answers, until the client ends its side; TapEnded where the process does before."""
        await self._grant(credit)
        hearing = asyncio.create_task(self._hear(requests))
        next_one = asyncio.create_task(self._tap.answer())
        try:
            while True:
                await asyncio.wait((hearing, next_one), return_when=asyncio.FIRST_COMPLETED)
                if hearing.done():
                    hearing.result()
                    return
                answer = next_one.result()
                if answer is None:
                    raise TapEnded(f"cannot look any further: {self._why_gone() or 'the process that looked died'}")
                self._credit -= 1
                yield answer
                next_one = asyncio.create_task(self._tap.answer())
        finally:
            hearing.cancel()
            next_one.cancel()
            await asyncio.wait((hearing, next_one))  # before the socket under them is closed

    async def _hear(self, requests: Requests) -> None:
        async for request in requests:
            if request.WhichOneof("content") != "credit":
                raise BadRequest("cannot begin a tap again: every request behind the first one grants credit")
            await self._grant(request.credit)

    async def _grant(self, credit: int) -> None:
        if not 1 <= credit <= MOST_CREDIT - self._credit:
            raise BadRequest(
                f"cannot grant credit {credit}: it is 1 at least, and {MOST_CREDIT} at most with what is left of it"
            )
        self._credit += credit
        await self._tap.grant(credit)


async def _first(requests: Requests) -> tap_pb2.TapStart:
    async for request in requests:
        if request.WhichOneof("content") == "start":
            return request.start
        break
    raise BadRequest("cannot tap: the first request says what to look at")


def _wishes(start: tap_pb2.TapStart) -> TapWishes:
    """What is wanted, with what is usual where nothing is said."""
    if start.format not in _FORMS:
        raise BadRequest(f"cannot tap in format {start.format}: there is none of that number")
    interval_s = seconds_of(start.interval) if start.HasField("interval") else 0.0
    for what, number, most in (
        ("an interval in seconds of", interval_s, LONGEST_INTERVAL_S),
        ("a credit of", start.credit, MOST_CREDIT),
        ("a picture_width of", start.picture_width, WIDEST_PICTURE),
        ("most_bytes of", start.most_bytes, MOST_BYTES),
    ):
        if not 0 <= number <= most:
            raise BadRequest(f"cannot tap with {what} {number:g}: it is 0 to {most:g}")
    return TapWishes(
        form=_FORMS[start.format],
        interval_s=interval_s,
        picture_width=start.picture_width or USUAL_WIDTH,
        most_bytes=start.most_bytes or USUAL_BYTES,
        bgr=start.bgr,
    )


def add_tap_service(service: TapService, server: grpc.aio.Server) -> None:
    """As the generated code would, but that answers are handed on as they are: they are serialised already."""
    name = tap_pb2.DESCRIPTOR.services_by_name["TapService"].full_name
    method: Any = grpc.stream_stream_rpc_method_handler(service.TapLink, tap_pb2.TapLinkRequest.FromString)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, {"TapLink": method}),))

"""Looks at what passes on a link."""

from __future__ import annotations

import asyncio
import queue
from typing import Any

from pipertd.client import messages, records
from pipertd.client.call import Feed, Noun, OnLost, W, stream
from pipertd.client.wire import AsyncWire
from pipertd.rpc import tap_pb2, tap_pb2_grpc

MOST_BYTES = 16 * 1024 * 1024
FORMS = {
    "messagepack": tap_pb2.TAP_FORMAT_MESSAGEPACK,
    "png": tap_pb2.TAP_FORMAT_PNG,
    "jpeg": tap_pb2.TAP_FORMAT_JPEG,
}


class Taps(Noun[W]):
    """``client.taps``. Every call raises ClientError where the daemon refuses.

    Example:
        >>> with client.taps.look("street", "count", "sink") as passing:
        ...     one = next(passing)
        >>> sorted(msgspec.msgpack.decode(one.messagepack))
        ['number']
    """

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self._stub: tap_pb2_grpc.TapServiceStub = tap_pb2_grpc.TapServiceStub(wire.channel)

    @stream
    def look(
        self,
        pipeline: str,
        source: str,
        destination: str,
        *,
        form: str = "messagepack",
        interval_s: float = 0.0,
        picture_width: int = 0,
        most_bytes: int = MOST_BYTES,
        bgr: bool = False,
        resume: bool = True,
        on_lost: OnLost | None = None,
    ) -> Feed[records.Passed]:
        """Messages of a link, each the newest that could be had when it was asked for; the others are skipped.

        Nothing of the pipeline waits for it, and nothing is sent that is not asked for.

        Args:
            pipeline: its name.
            source: the routine where the link begins, as ``ROUTINE`` or ``FLOW/ROUTINE``.
            destination: the one where it ends.
            form: ``messagepack``; or ``png`` or ``jpeg``, for the first picture of each message that has one.
            interval_s: at most one message in so long a time.
            picture_width: pictures that are wider are made smaller, in pixels; 0 means 1280.
            most_bytes: what is longer is omitted; 16 MiB at most.
            bgr: the colours of pictures are blue, green, red, as OpenCV has them.
            resume: go on when the daemon or the pipeline is started again; else its end raises Unreachable.
            on_lost: called with the Unreachable when the connection is lost, and for each try in vain.

        Raises:
            ValueError: there is no such form.
        """
        if form not in FORMS:
            raise ValueError(f"cannot look at messages as {form!r}: the form is one of {', '.join(FORMS)}")
        start = tap_pb2.TapStart(
            pipeline=pipeline,
            source=source,
            destination=destination,
            format=FORMS[form],
            credit=1,
            picture_width=picture_width,
            most_bytes=most_bytes,
            bgr=bgr,
        )
        if interval_s:
            start.interval.FromNanoseconds(messages.nanoseconds(interval_s))
        credit = _Credit(start, awaited=isinstance(self._wire, AsyncWire))

        def ask(_: _Credit, metadata: Any) -> Any:
            requests = credit.begin()
            call: Any = self._stub.TapLink(requests, metadata=metadata)
            call.add_done_callback(lambda _: requests.end())  # else gRPC's thread would wait for credit for ever
            return call

        rpc: Any = ask
        return Feed(rpc, credit, credit.spend, resume=resume, on_lost=on_lost, wants=credit.want)


class _Credit:
    """A unit for each item that is asked for, and none for one that nobody waits for."""

    def __init__(self, start: tap_pb2.TapStart, *, awaited: bool) -> None:
        self._start, self._awaited = start, awaited
        self._requests: _Requests | None = None
        self._is_granted = False

    def begin(self) -> _Requests:
        """The requests of a new call, whose start grants a unit."""
        self._is_granted = True
        self._requests = _Requests(asyncio.Queue() if self._awaited else queue.SimpleQueue())
        self._requests.say(tap_pb2.TapLinkRequest(start=self._start))
        return self._requests

    def want(self) -> None:
        """Grant a unit, unless one is out."""
        if self._requests is not None and not self._is_granted:
            self._is_granted = True
            self._requests.say(tap_pb2.TapLinkRequest(credit=1))

    def spend(self, response: tap_pb2.TapLinkResponse) -> records.Passed:
        """What the unit was spent on."""
        self._is_granted = False
        return _passed(response.message)


class _Requests:
    """What one call says, for gRPC to iterate: on a thread of its own, or on the event loop."""

    def __init__(self, said: queue.SimpleQueue[Any] | asyncio.Queue[Any]) -> None:
        self._said: Any = said

    def say(self, request: tap_pb2.TapLinkRequest) -> None:
        self._said.put_nowait(request)

    def end(self) -> None:
        self._said.put_nowait(None)

    def __iter__(self) -> _Requests:
        return self

    def __next__(self) -> tap_pb2.TapLinkRequest:
        request: tap_pb2.TapLinkRequest | None = self._said.get()
        if request is None:
            raise StopIteration
        return request

    def __aiter__(self) -> _Requests:
        return self

    async def __anext__(self) -> tap_pb2.TapLinkRequest:
        request: tap_pb2.TapLinkRequest | None = await self._said.get()
        if request is None:
            raise StopAsyncIteration
        return request


def _passed(message: tap_pb2.TappedMessage) -> records.Passed:
    form, picture = message.WhichOneof("payload"), message.picture
    return records.Passed(
        sequence=message.sequence,
        captured_s=messages.seconds(message.capture_time),
        skipped=message.skipped,
        overtaken=message.overtaken,
        length=message.length,
        messagepack=message.messagepack if form == "messagepack" else None,
        picture=records.Picture(picture.data, picture.width, picture.height, picture.path)
        if form == "picture"
        else None,
        omitted=message.omitted,
    )

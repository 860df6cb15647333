"""How calls are made: a Wire blocks its thread, an AsyncWire is awaited. The only two that know gRPC's channels."""

from __future__ import annotations

import asyncio
import weakref
from typing import Any, TypeVar

import grpc
import grpc.aio

from pipertd.client.address import Address, claim
from pipertd.client.call import Call, Feed
from pipertd.client.errors import Closed
from pipertd.client.refusal import refusal
from pipertd.client.streams import AsyncStream, Stream, is_cancelled, make_room

T = TypeVar("T")


class _Line:
    """A channel to an address, until it is closed: gRPC ends the process that makes a stub of one that is."""

    def __init__(self, address: Address, channel: Any) -> None:
        self.address = address
        self._channel = channel
        self._is_closed = False

    @property
    def channel(self) -> Any:
        """What stubs are made of.

        Raises:
            Closed: it is closed.
        """
        self._check_open()
        return self._channel

    def _check_open(self) -> None:
        if self._is_closed:
            raise Closed(f"cannot ask the daemon at {self.address}: this client was closed; make another", "CANCELLED")


class Wire(_Line):
    """Calls that block. Any number of threads may share it."""

    def __init__(self, address: Address) -> None:
        where, options = address.grpc_target, address.channel_options()
        channel = (
            grpc.insecure_channel(where, options)
            if address.tls is None
            else grpc.secure_channel(where, address.tls.credentials(), options)
        )
        super().__init__(address, channel)
        self._streams: weakref.WeakSet[Stream[Any]] = weakref.WeakSet()

    def answer(self, call: Call[T]) -> T:
        """The answer.

        Raises:
            ClientError: there is none.
        """
        self._check_open()
        try:
            return call.read(call.rpc(call.request, timeout=call.timeout_s, metadata=claim()))
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.CANCELLED:
                self._check_open()
            raise refusal(error, self.address, call.timeout_s) from None
        except ValueError:  # gRPC's word for a channel that another thread closed just now
            self._check_open()
            raise

    def stream(self, feed: Feed[T]) -> Stream[T]:
        """The answers; asked for at once.

        Raises:
            Closed: the client is closed.
            NoRoom: the client has as many streams as it may.
        """
        self._check_open()
        make_room(self.address, list(self._streams))
        stream = Stream(feed, self.address)
        self._streams.add(stream)
        return stream

    def close(self) -> None:
        """End every stream, and hang up."""
        self._is_closed = True
        for stream in list(self._streams):
            stream.close()
        self._channel.close()


class AsyncWire(_Line):
    """Calls that are awaited, on the event loop that made it."""

    def __init__(self, address: Address) -> None:
        where, options = address.grpc_target, address.channel_options()
        channel = (
            grpc.aio.insecure_channel(where, options)
            if address.tls is None
            else grpc.aio.secure_channel(where, address.tls.credentials(), options)
        )
        super().__init__(address, channel)
        self._streams: weakref.WeakSet[AsyncStream[Any]] = weakref.WeakSet()

    async def answer(self, call: Call[T]) -> T:
        """The answer.

        Raises:
            ClientError: there is none.
        """
        self._check_open()
        try:
            return call.read(await call.rpc(call.request, timeout=call.timeout_s, metadata=claim()))
        except grpc.RpcError as error:
            raise refusal(error, self.address, call.timeout_s) from None
        except asyncio.CancelledError:
            if not is_cancelled():  # the call was, by gRPC, and not who waits for it
                self._check_open()
            raise

    def stream(self, feed: Feed[T]) -> AsyncStream[T]:
        """The answers; asked for at once.

        Raises:
            Closed: the client is closed.
            NoRoom: the client has as many streams as it may.
        """
        self._check_open()
        make_room(self.address, list(self._streams))
        stream = AsyncStream(feed, self.address)
        self._streams.add(stream)
        return stream

    async def close(self) -> None:
        """End every stream, and hang up."""
        self._is_closed = True
        for stream in list(self._streams):
            await stream.aclose()
        await self._channel.close()

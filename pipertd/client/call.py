"""What a call is, said once for threads and for asyncio.

A method of a noun describes its call: whom to ask, what, and how to read the answer. ``unary`` and ``stream`` hand the
description to the noun's wire, and tell the type checker what comes back: of a Wire the answer itself, of an AsyncWire
a coroutine of it. After sans-I/O, as in h11 and in httpx's auth flow: what is said is in one place, how it is sent in
another (decision 17).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

import grpc

if TYPE_CHECKING:
    from pipertd.client.errors import ClientError
    from pipertd.client.streams import AsyncStream, Stream
    from pipertd.client.wire import AsyncWire, Wire

ANSWER_TIMEOUT_S = 60.0  # where the daemon answers at once
WORK_TIMEOUT_S = 600.0  # where it answers when something is done
_ENDLESS_S = 1e9  # 30 years and more; gRPC takes what it cannot count for a time that is over

P = ParamSpec("P")
T = TypeVar("T")
Answered_co = TypeVar("Answered_co", covariant=True)
Request = TypeVar("Request")
Response = TypeVar("Response")
OnLost = Callable[["ClientError"], object]


class AnyWire(Protocol):
    """What a noun needs of its wire."""

    @property
    def channel(self) -> Any:
        """What stubs are made of."""

    def answer(self, call: Call[Any]) -> Any:
        """Make a call that is answered once."""

    def stream(self, feed: Feed[Any]) -> Any:
        """Make one that is answered many times."""


W = TypeVar("W", bound=AnyWire)


class Noun(Generic[W]):
    """The calls about one thing, over one wire."""

    def __init__(self, wire: W) -> None:
        self._wire = wire


class Call(Generic[T]):
    """One question and its answer; ``timeout_s`` is None where it is waited for without an end.

    Raises:
        ValueError: ``timeout_s`` is not a number.
    """

    def __init__(
        self,
        rpc: grpc.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        read: Callable[[Response], T],
        timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self.rpc: Any = rpc
        self.request, self.read = request, cast("Callable[[Any], T]", read)
        if math.isnan(timeout_s):
            raise ValueError("cannot wait nan seconds for an answer: that is no number")
        self.timeout_s = timeout_s if timeout_s < _ENDLESS_S else None


class Feed(Generic[T]):
    """One question and any number of answers.

    ``wants`` is called whenever the next item is asked for.
    ``read`` turns a response into an item, or into None where it carries none. Where the feed resumes, it also moves
    the request on behind what it read, so that the same request asks for the rest.
    """

    def __init__(
        self,
        rpc: grpc.UnaryStreamMultiCallable[Request, Response],
        request: Request,
        read: Callable[[Response], T | None],
        *,
        resume: bool = False,
        on_lost: OnLost | None = None,
        wants: Callable[[], None] = lambda: None,
    ) -> None:
        self.rpc: Any = rpc
        self.wants = wants
        self.request, self.read = request, cast("Callable[[Any], T | None]", read)
        self.resume, self.on_lost = resume, on_lost


# An awaited answer is no Coroutine[Any, Any, T]: with an Any in it mypy forgets T where gather is given two.
class _Unary(Protocol[P, Answered_co]):
    @overload
    def __get__(self, noun: Noun[Wire], owner: type) -> Callable[P, Answered_co]: ...
    @overload
    def __get__(self, noun: Noun[AsyncWire], owner: type) -> Callable[P, Coroutine[object, None, Answered_co]]: ...


class _Stream(Protocol[P, T]):
    @overload
    def __get__(self, noun: Noun[Wire], owner: type) -> Callable[P, Stream[T]]: ...
    @overload
    def __get__(self, noun: Noun[AsyncWire], owner: type) -> Callable[P, AsyncStream[T]]: ...


def unary(describe: Callable[Concatenate[Any, P], Call[T]]) -> _Unary[P, T]:
    """A method that is answered once."""

    @functools.wraps(describe)
    def method(noun: Noun[AnyWire], *args: P.args, **kwargs: P.kwargs) -> object:
        return noun._wire.answer(describe(noun, *args, **kwargs))  # noqa: SLF001 - a noun's own method

    return cast("_Unary[P, T]", method)


def stream(describe: Callable[Concatenate[Any, P], Feed[T]]) -> _Stream[P, T]:
    """A method that is answered many times."""

    @functools.wraps(describe)
    def method(noun: Noun[AnyWire], *args: P.args, **kwargs: P.kwargs) -> object:
        return noun._wire.stream(describe(noun, *args, **kwargs))  # noqa: SLF001 - a noun's own method

    return cast("_Stream[P, T]", method)

"""What gRPC knows of an rpc's handler, taken apart and put together again: the one place that knows its four kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import grpc

Context = grpc.aio.ServicerContext[Any, Any]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Behaviour = Callable[[Any, Any], Any]  # a coroutine's function, or a generator's
Parser = Callable[[bytes], Any]


def behaviour_of(handler: Handler) -> Behaviour:
    """What an rpc does: of a request, or of an iterator of them, and of a context."""
    found: Behaviour = _kind(handler)[0]
    return found


def changed(handler: Handler, behaviour: Behaviour, parse: Parser | None = None) -> Handler:
    """A handler of the same kind that does something else, and reads requests by ``parse`` where that is given."""
    made: Handler = _kind(handler)[1](behaviour, parse or handler.request_deserializer, handler.response_serializer)
    return made


def _kind(handler: Handler) -> tuple[Any, Any]:
    """What is done, and how a handler of this kind is made."""
    kinds: dict[tuple[bool, bool], tuple[Any, Any]] = {
        (False, False): (handler.unary_unary, grpc.unary_unary_rpc_method_handler),
        (False, True): (handler.unary_stream, grpc.unary_stream_rpc_method_handler),
        (True, False): (handler.stream_unary, grpc.stream_unary_rpc_method_handler),
        (True, True): (handler.stream_stream, grpc.stream_stream_rpc_method_handler),
    }
    return kinds[handler.request_streaming, handler.response_streaming]

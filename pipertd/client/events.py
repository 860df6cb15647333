"""Events, with answers, and who handles them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format, struct_pb2

from pipertd.client import messages, records
from pipertd.client.call import Call, Noun, W, unary
from pipertd.rpc import event_pb2, event_pb2_grpc

if TYPE_CHECKING:
    from pipertd.names import Target

_MARGIN_S = 10.0  # beyond the routines' time, for the daemon itself


class Events(Noun[W]):
    """``client.events``. Every call raises ClientError where the daemon refuses.

    Example:
        >>> (answer,) = client.events.notify("NOTE", "street", {"text": "rain"})
        >>> answer.value["noted"]
        'rain'
        >>> [handler.event for handler in client.events.handlers("street/b").handlers]
        ['BREAK', 'DOZE', 'NOTE']
    """

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self._stub: event_pb2_grpc.EventServiceStub = event_pb2_grpc.EventServiceStub(wire.channel)

    @unary
    def notify(
        self,
        event: str,
        target: Target | str,
        params: Mapping[str, object] | None = None,
        *,
        timeout_s: float = 5.0,
    ) -> Call[tuple[records.Answer, ...]]:
        """Hand an event to every routine of the target; answers when all have, or after ``timeout_s`` seconds.

        Args:
            params: the handlers' keyword arguments, of what JSON can carry: 64 KiB at most.

        Raises:
            ValueError: a parameter is nothing that JSON can carry; nothing was sent.
        """
        request = event_pb2.NotifyEventRequest(
            event=event,
            target=messages.target(target),
            params=_struct(event, params or {}),
        )
        request.timeout.FromNanoseconds(messages.nanoseconds(timeout_s))
        return Call(self._stub.NotifyEvent, request, _answers, timeout_s + _MARGIN_S)

    @unary
    def handlers(self, target: Target | str) -> Call[records.Handlers]:
        """Which events the routines of the target handle. Flows that run are asked; ``silent`` names the others."""
        request = event_pb2.ListHandlersRequest(target=messages.target(target))
        return Call(self._stub.ListHandlers, request, _handlers)


def _struct(event: str, params: Mapping[str, Any]) -> struct_pb2.Struct:
    """The parameters of an event; each by itself, for its name in what is said of it."""
    struct = struct_pb2.Struct()
    for name, value in params.items():
        try:
            struct.fields[name].CopyFrom(json_format.ParseDict(value, struct_pb2.Value()))
        except (json_format.ParseError, TypeError, UnicodeEncodeError) as reason:
            raise ValueError(
                f"cannot send event {event}: JSON carries no parameter {name!r} of {value!r:.60}: {reason}"
            ) from None
    return struct


def _handlers(response: event_pb2.ListHandlersResponse) -> records.Handlers:
    return records.Handlers(
        tuple(_handler(each) for each in response.handlers), {each.flow: each.reason for each in response.silent}
    )


def _handler(message: event_pb2.EventHandler) -> records.Handler:
    return records.Handler(
        flow=message.flow,
        routine=message.routine,
        event=message.event,
        parameters=tuple(records.Parameter(each.name, each.type, each.optional) for each in message.parameters),
        takes_more=message.takes_more,
        description=message.description,
    )


def _answers(response: event_pb2.NotifyEventResponse) -> tuple[records.Answer, ...]:
    return tuple(_answer(each) for each in response.answers)


def _answer(message: event_pb2.EventAnswer) -> records.Answer:
    failed = message.WhichOneof("outcome") == "error"
    return records.Answer(
        flow=message.flow,
        routine=message.routine,
        value=None if failed else _value(message.value),
        error=message.error if failed else None,
        deadline_exceeded=message.deadline_exceeded,
    )


def _value(message: struct_pb2.Value) -> object:
    return _whole(json_format.MessageToDict(message))


def _whole(value: object) -> object:
    """JSON tells 5 and 5.0 not apart; people write the shorter one."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value

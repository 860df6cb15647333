"""Events, with answers."""

from __future__ import annotations

from collections.abc import Mapping

from google.protobuf import json_format, struct_pb2

from pipertd.client import messages, records
from pipertd.client.connection import Client
from pipertd.names import Target
from pipertd.rpc import event_pb2, event_pb2_grpc


class Events:
    """``client.events``. Every call raises ClientError where the daemon refuses."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stub = event_pb2_grpc.EventServiceStub(client.channel)

    def notify(
        self, event: str, target: Target | str, params: Mapping[str, object], *, timeout_s: float = 5.0
    ) -> tuple[records.Answer, ...]:
        """Hand an event to every routine of the target and wait for what each made of it."""
        request = event_pb2.NotifyEventRequest(
            event=event,
            target=messages.target(target),
            params=json_format.ParseDict(dict(params), struct_pb2.Struct()),
        )
        request.timeout.FromNanoseconds(int(timeout_s * 1e9))
        with self._client.translated():
            response = self._stub.NotifyEvent(request, timeout=timeout_s + 10)
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

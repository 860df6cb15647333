"""Messages that were put aside: list, get, read, drop."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pipertd.client import messages, records
from pipertd.client.call import Call, Feed, Noun, W, stream, unary
from pipertd.rpc import quarantine_pb2, quarantine_pb2_grpc

if TYPE_CHECKING:
    from pipertd.names import Target


class Quarantine(Noun[W]):
    """``client.quarantine``. Every call raises ClientError where the daemon refuses.

    Example:
        >>> for each in client.quarantine.list("street"):
        ...     print(each.id, each.routine, each.deaths, len(b"".join(client.quarantine.read_payload(each.id))))
    """

    def __init__(self, wire: W) -> None:
        super().__init__(wire)
        self._stub: quarantine_pb2_grpc.QuarantineServiceStub = quarantine_pb2_grpc.QuarantineServiceStub(wire.channel)

    @unary
    def list(self, target: Target | str | None = None) -> Call[tuple[records.PutAside, ...]]:
        """All of them, or those to one target, the oldest first; without their stacks."""
        request = quarantine_pb2.ListMessagesRequest(target=messages.target(target) if target else None)
        return Call(self._stub.ListMessages, request, _records)

    @unary
    def get(self, name: str) -> Call[records.PutAside]:
        """One message, by its id."""
        return Call(self._stub.GetMessage, quarantine_pb2.GetMessageRequest(id=name), _record_of)

    @stream
    def read_payload(self, name: str) -> Feed[bytes]:
        """Its bytes, piece by piece; none where they could not be kept. ``client.payload`` reads them."""
        return Feed(self._stub.ReadPayload, quarantine_pb2.ReadPayloadRequest(id=name), _piece)

    @unary
    def drop(self, name: str) -> Call[records.PutAside]:
        """Forget a message; answers what it was, without its stacks."""
        return Call(self._stub.DropMessage, quarantine_pb2.DropMessageRequest(id=name), _record_of)


def _piece(response: quarantine_pb2.ReadPayloadResponse) -> bytes:
    return response.data


def _records(response: quarantine_pb2.ListMessagesResponse) -> tuple[records.PutAside, ...]:
    return tuple(_record(each) for each in response.messages)


def _record_of(response: quarantine_pb2.GetMessageResponse | quarantine_pb2.DropMessageResponse) -> records.PutAside:
    return _record(response.message)


def _record(message: quarantine_pb2.QuarantinedMessage) -> records.PutAside:
    return records.PutAside(
        id=message.id,
        pipeline=message.pipeline,
        flow=message.flow,
        routine=message.routine,
        link=message.link,
        sequence=message.sequence,
        origin=message.origin,
        attempts=message.attempts,
        deaths=message.deaths,
        captured_s=messages.seconds(message.capture_time),
        time_s=messages.seconds(message.time),
        reason=message.reason,
        stacks=message.stacks,
        class_path=message.class_path,
        params=json.loads(message.params),
        path=tuple(message.path),
        python=message.python,
        body_offset=message.body_offset,
        length=message.length,
    )

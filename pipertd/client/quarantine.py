"""Messages that were put aside: list, get, read, drop."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipertd.client import messages, records
from pipertd.client.connection import CALL_TIMEOUT_S, Client
from pipertd.names import Target
from pipertd.rpc import quarantine_pb2, quarantine_pb2_grpc


class Quarantine:
    """``client.quarantine``. Every call raises ClientError where the daemon refuses."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stub = quarantine_pb2_grpc.QuarantineServiceStub(client.channel)

    def list(self, target: Target | str | None = None) -> tuple[records.PutAside, ...]:
        """All of them, or those to one target, the oldest first; without their stacks."""
        request = quarantine_pb2.ListMessagesRequest(target=messages.target(target) if target else None)
        with self._client.translated():
            response = self._stub.ListMessages(request, timeout=CALL_TIMEOUT_S)
        return tuple(_record(each) for each in response.messages)

    def get(self, name: str) -> records.PutAside:
        """One message, by its id."""
        with self._client.translated():
            response = self._stub.GetMessage(quarantine_pb2.GetMessageRequest(id=name), timeout=CALL_TIMEOUT_S)
        return _record(response.message)

    def read_payload(self, name: str) -> Iterator[bytes]:
        """Its bytes, piece by piece; none where they could not be kept. ``client.payload`` reads them."""
        with self._client.translated():
            for response in self._stub.ReadPayload(quarantine_pb2.ReadPayloadRequest(id=name)):
                yield response.data

    def drop(self, name: str) -> records.PutAside:
        """Forget a message; returns what it was, without its stacks."""
        with self._client.translated():
            response = self._stub.DropMessage(quarantine_pb2.DropMessageRequest(id=name), timeout=CALL_TIMEOUT_S)
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

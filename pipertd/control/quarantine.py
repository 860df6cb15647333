"""QuarantineService: messages that were put aside. Their files are read and removed on threads, never on the loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

from pipertd.control.audit import note
from pipertd.control.boundary import stream, unary
from pipertd.control.messages import target, timestamp
from pipertd.quarantine import PutAside, Quarantine
from pipertd.rpc import quarantine_pb2, quarantine_pb2_grpc
from pipertd.supervisor.supervisor import Supervisor

CHUNK_BYTES = 128 * 1024


class QuarantineService(quarantine_pb2_grpc.QuarantineServiceServicer):
    """See protos/pipertd/v1/quarantine.proto."""

    def __init__(self, supervisor: Supervisor, quarantine: Quarantine) -> None:
        self._supervisor = supervisor
        self._quarantine = quarantine

    @unary
    async def ListMessages(  # noqa: N802 - gRPC's name
        self, request: quarantine_pb2.ListMessagesRequest
    ) -> quarantine_pb2.ListMessagesResponse:
        """All, or those of one target."""
        aim = target(request.target) if request.HasField("target") else None
        found = await asyncio.to_thread(self._quarantine.all)
        if aim is not None:
            found = [each for each in found if aim.covers(each.pipeline, each.flow, each.routine)]
            if not found:
                self._supervisor.snapshot(aim)  # UnknownTarget; what was loaded once can still be listed
        return quarantine_pb2.ListMessagesResponse(messages=[_message(each) for each in found])

    @unary
    async def GetMessage(  # noqa: N802
        self, request: quarantine_pb2.GetMessageRequest
    ) -> quarantine_pb2.GetMessageResponse:
        """One, with its stacks."""
        found = await asyncio.to_thread(self._quarantine.get, request.id)
        return quarantine_pb2.GetMessageResponse(message=_message(found, stacks=found.stacks))

    @stream
    async def ReadPayload(  # noqa: N802
        self, request: quarantine_pb2.ReadPayloadRequest
    ) -> AsyncIterator[quarantine_pb2.ReadPayloadResponse]:
        """Its bytes, piece by piece; of which one is in memory while the client does not read."""
        note(request)
        with await asyncio.to_thread(self._quarantine.open_payload, request.id) as payload:
            while data := await asyncio.to_thread(payload.read, CHUNK_BYTES):
                yield quarantine_pb2.ReadPayloadResponse(data=data)

    @unary
    async def DropMessage(  # noqa: N802
        self, request: quarantine_pb2.DropMessageRequest
    ) -> quarantine_pb2.DropMessageResponse:
        """Forget it, and say what it was."""
        found = await asyncio.to_thread(self._quarantine.get, request.id)
        await asyncio.to_thread(self._quarantine.drop, found.id)
        return quarantine_pb2.DropMessageResponse(message=_message(found))


def _message(message: PutAside, *, stacks: str = "") -> quarantine_pb2.QuarantinedMessage:
    return quarantine_pb2.QuarantinedMessage(
        id=message.id,
        pipeline=message.pipeline,
        flow=message.flow,
        routine=message.routine,
        link=message.link,
        sequence=message.sequence,
        origin=message.origin,
        attempts=message.attempts,
        deaths=message.deaths,
        capture_time=timestamp(message.captured_s),
        time=timestamp(message.time_s),
        reason=message.reason,
        stacks=stacks,
        class_path=message.class_path,
        params=json.dumps(message.params),
        path=message.path,
        python=message.python,
        body_offset=message.body_offset,
        length=message.length,
    )

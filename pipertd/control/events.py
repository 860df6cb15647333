"""EventService: named messages to routines, with answers."""

from __future__ import annotations

import logging

from pipertd.control.boundary import unary
from pipertd.control.codes import BadRequest
from pipertd.control.messages import plain, target, value_message
from pipertd.rpc import event_pb2, event_pb2_grpc
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import EventAnswer

DEFAULT_TIMEOUT_S = 5.0
LONGEST_TIMEOUT_S = 300.0

logger = logging.getLogger(__name__)


class EventService(event_pb2_grpc.EventServiceServicer):
    """See protos/pipertd/v1/event.proto."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    @unary
    async def NotifyEvent(  # noqa: N802 - gRPC's name
        self, request: event_pb2.NotifyEventRequest
    ) -> event_pb2.NotifyEventResponse:
        """Tell, and gather what each made of it."""
        if not request.event:
            raise BadRequest("cannot notify: the event has no name")
        aim = target(request.target)
        timeout_s = request.timeout.ToNanoseconds() / 1e9 if request.HasField("timeout") else DEFAULT_TIMEOUT_S
        if not 0 < timeout_s <= LONGEST_TIMEOUT_S:
            raise BadRequest(
                f"cannot wait {timeout_s:g} s for answers: it is more than 0 and {LONGEST_TIMEOUT_S:g} at most"
            )
        logger.info("event %s to %s, asked on the control socket", request.event, aim)
        answers = await self._supervisor.notify(request.event, aim, plain(request.params), timeout_s)
        return event_pb2.NotifyEventResponse(answers=[_message(answer) for answer in answers])


def _message(answer: EventAnswer) -> event_pb2.EventAnswer:
    message = event_pb2.EventAnswer(
        flow=answer.flow, routine=answer.routine, deadline_exceeded=answer.deadline_exceeded
    )
    if answer.error is not None:
        message.error = answer.error
    else:
        message.value.CopyFrom(value_message(answer.value))
    return message

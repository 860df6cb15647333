"""EventService: named messages to routines, with answers."""

from __future__ import annotations

from pipertd.control.boundary import unary
from pipertd.control.errors import BadRequest
from pipertd.control.messages import plain, target, value_message
from pipertd.control.times import seconds_of
from pipertd.rpc import event_pb2, event_pb2_grpc
from pipertd.supervisor.supervisor import Supervisor
from pipertd.supervisor.view import EventAnswer, EventHandler

DEFAULT_TIMEOUT_S = 5.0
LONGEST_TIMEOUT_S = 300.0
MOST_NAME_BYTES = 255  # it stands in a notice, and ten thousand of these are kept


class EventService(event_pb2_grpc.EventServiceServicer):
    """See protos/pipertd/v1/event.proto."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    @unary
    async def NotifyEvent(  # noqa: N802 - gRPC's name
        self, request: event_pb2.NotifyEventRequest
    ) -> event_pb2.NotifyEventResponse:
        """Tell, and gather what each made of it."""
        _check_name(request.event)
        aim = target(request.target)
        timeout_s = seconds_of(request.timeout) if request.HasField("timeout") else DEFAULT_TIMEOUT_S
        if not 0 < timeout_s <= LONGEST_TIMEOUT_S:
            raise BadRequest(
                f"cannot wait {timeout_s:g} s for answers: it is more than 0 and {LONGEST_TIMEOUT_S:g} at most"
            )
        answers = await self._supervisor.notify(request.event, aim, plain(request.params), timeout_s)
        return event_pb2.NotifyEventResponse(answers=[_message(answer) for answer in answers])

    @unary
    async def ListHandlers(  # noqa: N802
        self, request: event_pb2.ListHandlersRequest
    ) -> event_pb2.ListHandlersResponse:
        """Which events are handled."""
        found = await self._supervisor.handlers(target(request.target))
        return event_pb2.ListHandlersResponse(
            handlers=map(_handler, found.handlers),
            silent=[event_pb2.SilentFlow(flow=each.flow, reason=each.reason) for each in found.silent],
        )


def _check_name(event: str) -> None:
    if not event:
        raise BadRequest("cannot notify: the event has no name")
    if len(event.encode()) > MOST_NAME_BYTES or not event.isprintable():
        raise BadRequest(
            f"cannot notify {event[:60]!r}: the name of an event is plain text of {MOST_NAME_BYTES} bytes at most"
        )


def _handler(handler: EventHandler) -> event_pb2.EventHandler:
    return event_pb2.EventHandler(
        flow=handler.flow,
        routine=handler.routine,
        event=handler.event,
        parameters=[event_pb2.EventParameter(**each._asdict()) for each in handler.parameters],
        takes_more=handler.takes_more,
        description=handler.description,
    )


def _message(answer: EventAnswer) -> event_pb2.EventAnswer:
    message = event_pb2.EventAnswer(
        flow=answer.flow, routine=answer.routine, deadline_exceeded=answer.deadline_exceeded
    )
    if answer.error is not None:
        message.error = answer.error
    else:
        message.value.CopyFrom(value_message(answer.value))
    return message

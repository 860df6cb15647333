"""Events, with their answers, and who handles them."""

from __future__ import annotations

from starlette.responses import Response

from pipertd.cockpit.pipelines import FLOW, OF_A_FLOW, OF_A_PIPELINE, OF_A_ROUTINE, PIPELINE, ROUTINE
from pipertd.cockpit.routing import Asked, Route, answer, rpc
from pipertd.cockpit.writing import document_of, json_response
from pipertd.rpc import event_pb2

DEFAULT_TIMEOUT_S = 5.0
MARGIN_S = 10.0  # beyond the routines' time, for the daemon itself
_LONGEST_S = 300.0
_PLACES = ((OF_A_PIPELINE, PIPELINE), (OF_A_FLOW, FLOW), (OF_A_ROUTINE, ROUTINE))


async def notify(asked: Asked) -> Response:
    """The answers of all that were told."""
    request = asked.message()
    assert isinstance(request, event_pb2.NotifyEventRequest)
    return json_response(document_of(await asked.ask(asked.route.rpc, request, patience_s(request))))


def patience_s(request: event_pb2.NotifyEventRequest) -> float:
    """How long to wait for the daemon, which waits for the routines."""
    given_s = request.timeout.ToNanoseconds() / 1e9 if request.HasField("timeout") else DEFAULT_TIMEOUT_S
    return min(max(given_s, 0.0), _LONGEST_S) + MARGIN_S


ROUTES = (
    *(
        Route(
            "POST",
            f"{path}/events/{{event}}",
            rpc("EventService/NotifyEvent"),
            notify,
            {**fields, "event": "event"},
            body=("params", "timeout"),
        )
        for path, fields in _PLACES
    ),
    *(Route("GET", f"{path}/handlers", rpc("EventService/ListHandlers"), answer, fields) for path, fields in _PLACES),
)

"""Messages that were put aside: list, get, read, drop."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from starlette.responses import Response

from pipertd.client import ClientError
from pipertd.client.streams import AsyncStream
from pipertd.cockpit import writing
from pipertd.cockpit.held import HeldResponse
from pipertd.cockpit.messages import from_payload
from pipertd.cockpit.problem import Problem
from pipertd.cockpit.reading import Parameter
from pipertd.cockpit.routing import Asked, Route, answer, rpc
from pipertd.cockpit.writing import json_response
from pipertd.errors import MessageError
from pipertd.rpc import quarantine_pb2

MOST_JSON_BYTES = 16 * 1024 * 1024
OCTETS = "application/octet-stream"
_ID = {"message": "id"}
_GET = rpc("QuarantineService/GetMessage")
_ONE = "/v1/quarantine/{message}"


async def payload(asked: Asked) -> Response:
    """Its bytes as they are, piece by piece."""
    asked.message()  # refuses what the route does not know
    async with AsyncExitStack() as held:
        held.enter_context(asked.server.streams.taken(asked.right))
        name = str(asked.request.path_params["message"])
        stream = await held.enter_async_context(asked.daemon.quarantine.read_payload(name))
        await asked.ask(_GET, quarantine_pb2.GetMessageRequest(id=name))  # what is not there is refused in words
        return HeldResponse(_all(stream), OCTETS, held.pop_all())
    raise AssertionError  # for mypy: the stack swallows nothing


async def _all(stream: AsyncStream[bytes]) -> AsyncIterator[bytes]:
    async for piece in stream:
        yield piece


async def content(asked: Asked) -> Response:
    """The message in it, as JSON."""
    name = str(asked.request.path_params["message"])
    found = (await asked.ask(_GET, quarantine_pb2.GetMessageRequest(id=name))).message
    if found.length > MOST_JSON_BYTES:
        raise Problem(
            413,
            "MESSAGE_TOO_LARGE",
            f"cannot write message {name} as JSON: it has {found.length} bytes; ask for its payload",
        )
    with asked.server.streams.taken(asked.right):
        try:
            async with asked.daemon.quarantine.read_payload(name) as stream:
                pieces = [piece async for piece in stream]
        except ClientError as error:
            raise Problem.of(error) from None
    if not pieces:
        raise Problem(404, "NO_PAYLOAD", f"cannot read message {name}: its payload could not be kept")
    try:
        return json_response({"message": from_payload(b"".join(pieces), found.body_offset)})
    except MessageError as reason:
        raise Problem(409, "MESSAGE_ERROR", str(reason)) from None


ROUTES = (
    Route("GET", "/v1/quarantine", rpc("QuarantineService/ListMessages"), answer, query=(Parameter("target"),)),
    Route("GET", _ONE, _GET, answer, _ID),
    Route("DELETE", _ONE, rpc("QuarantineService/DropMessage"), answer, _ID),
    Route(
        "GET",
        f"{_ONE}/payload",
        rpc("QuarantineService/ReadPayload"),
        payload,
        _ID,
        media=(OCTETS,),
        summary="The bytes of one message, as they lay in shared memory; none where they could not be kept.",
    ),
    Route(
        "GET",
        f"{_ONE}/content",
        rpc("QuarantineService/ReadPayload"),
        content,
        _ID,
        media=(writing.MEDIA_TYPE,),
        schema={"type": "object", "required": ["message"], "properties": {"message": {}}},
        summary="What one message says, its arrays with dtype, shape and data as base64.",
    ),
)

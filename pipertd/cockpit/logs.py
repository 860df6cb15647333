"""Log records: a page of them, or all that come."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from pipertd.client import ClientError
from pipertd.cockpit import sse
from pipertd.cockpit.following import follow
from pipertd.cockpit.problem import Problem, bad_request
from pipertd.cockpit.reading import Parameter
from pipertd.cockpit.routing import Asked, Route, rpc
from pipertd.cockpit.writing import document_of, json_response
from pipertd.rpc import log_pb2

PAGE, MOST_PAGE = 100, 1000  # records
MOST_PAGE_BYTES = 8 * 1024 * 1024
_WANTED = (Parameter("target"), Parameter("level"), Parameter("since"))
_LIMIT = Parameter(
    "limit",
    description="How many of the newest; behind a cursor, how many of the next.",
    schema={"type": "integer", "minimum": 1, "maximum": MOST_PAGE, "default": PAGE},
)
_PAGE: dict[str, Any] = {
    "type": "object",
    "required": ["records", "cursor"],
    "properties": {
        "records": {"type": "array", "items": {"$ref": "#/components/schemas/LogRecord"}},
        "cursor": {"type": "string", "description": "The next page is behind it; as it was where this one is empty."},
    },
}


async def page(asked: Asked) -> Response:
    """The newest records, or the next behind a cursor."""
    request = asked.message()
    assert isinstance(request, log_pb2.ReadLogsRequest)
    request.limit = _limit(asked.query.get("limit", str(PAGE)))
    found, room, cursor = [], MOST_PAGE_BYTES, request.cursor
    try:
        stream = asked.daemon.verbatim.follow(asked.route.rpc.name, request, log_pb2.ReadLogsResponse)
        async with stream:
            async for response in stream:
                assert isinstance(response, log_pb2.ReadLogsResponse)
                found.append(document_of(response.record))
                cursor, room = response.record.cursor, room - response.ByteSize()
                if room <= 0:
                    break
    except ClientError as error:
        raise Problem.of(error) from None
    return json_response({"records": found, "cursor": cursor})


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= MOST_PAGE):
        raise bad_request(f"cannot read so many records: limit is a number from 1 to {MOST_PAGE}")
    return int(text)


async def follow_logs(asked: Asked) -> Response:
    """Records as they are written."""
    request = asked.message()
    assert isinstance(request, log_pb2.ReadLogsRequest)
    request.follow = True
    if "limit" in asked.query:
        request.limit = _limit(asked.query["limit"])
    request.cursor = asked.request.headers.get("last-event-id", "") or request.cursor

    def move(response: log_pb2.ReadLogsResponse) -> None:
        request.cursor = response.progress.cursor if response.HasField("progress") else response.record.cursor

    return await follow(asked, request, move, _told)


def _told(response: log_pb2.ReadLogsResponse) -> sse.Event:
    kind = "record" if response.HasField("record") else "progress"
    said = response.record if kind == "record" else response.progress
    return sse.Event(kind, said.cursor, document_of(said))


ROUTES = (
    Route(
        "GET",
        "/v1/logs",
        rpc("LogService/ReadLogs"),
        page,
        query=(*_WANTED, _LIMIT, Parameter("cursor")),
        schema=_PAGE,
        summary="The newest records, oldest first; or the next behind a cursor.",
    ),
    Route(
        "GET",
        "/v1/logs/follow",
        rpc("LogService/ReadLogs"),
        follow_logs,
        query=(*_WANTED, _LIMIT._replace(description="How many of the newest to begin with."), Parameter("cursor")),
        media=(sse.MEDIA_TYPE,),
        summary="Records as they are written.",
    ),
)

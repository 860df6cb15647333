"""One look at a link: the next message that passes, as JSON, MessagePack or a picture."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from pipertd.client import ClientError
from pipertd.client.records import Passed
from pipertd.cockpit import writing
from pipertd.cockpit.messages import from_messagepack
from pipertd.cockpit.pipelines import OF_A_PIPELINE
from pipertd.cockpit.problem import Problem, bad_request
from pipertd.cockpit.reading import Parameter
from pipertd.cockpit.routing import Asked, Route, rpc
from pipertd.cockpit.writing import document_of, json_response
from pipertd.errors import MessageError
from pipertd.rpc import tap_pb2

WAIT_S = 10.0
MOST_BYTES = 8 * 1024 * 1024
_MESSAGEPACK = "application/vnd.msgpack"
_PICTURES = {"png": "image/png", "jpeg": "image/jpeg"}
_FORMS = ("json", "messagepack", *_PICTURES)
_QUERY = (
    Parameter("source", {"type": "string"}, "ROUTINE or FLOW/ROUTINE of the link's source.", required=True),
    Parameter("destination", {"type": "string"}, "ROUTINE or FLOW/ROUTINE of its destination.", required=True),
    Parameter("form", {"enum": list(_FORMS), "default": "json"}, "The form of the answer."),
    Parameter(
        "picture_width",
        {"type": "integer", "minimum": 1, "maximum": 9999, "default": 1280},
        "Pictures that are wider are made smaller, in pixels.",
    ),
    Parameter("bgr", {"type": "boolean", "default": False}, "Channels are blue, green, red, as OpenCV has them."),
)
_SCHEMA = {
    "type": "object",
    "required": ["passed", "message"],
    "properties": {
        "passed": {"$ref": "#/components/schemas/TappedMessage"},
        "message": {"description": "What it says; null where it is omitted."},
    },
}


async def look(asked: Asked) -> Response:
    """The next message that passes."""
    form = asked.query.get("form", "json")
    if form not in _FORMS:
        raise bad_request(f"cannot look at messages as {form[:80]!r}: the form is one of {', '.join(_FORMS)}")
    passed = await _next(asked, form)
    if passed.omitted and form != "json":
        raise Problem(409, "OMITTED", f"cannot show the message: {passed.omitted}")
    match form:
        case "json":
            return _as_json(passed)
        case "messagepack":
            return Response(passed.messagepack, media_type=_MESSAGEPACK)
        case _ if passed.picture is None:
            raise Problem(409, "NO_PICTURE", "cannot show the message as a picture: no array in it can be seen as one")
        case _:
            return Response(passed.picture.data, media_type=_PICTURES[form])


async def _next(asked: Asked, form: str) -> Passed:
    query = asked.query
    with asked.server.streams.taken(asked.right):
        try:
            async with asked.daemon.taps.look(
                str(asked.request.path_params["pipeline"]),
                query["source"],
                query["destination"],
                form=form if form in _PICTURES else "messagepack",
                picture_width=_width(query.get("picture_width", "1280")),
                most_bytes=MOST_BYTES,
                bgr=_flag(query.get("bgr", "false")),
                resume=False,
            ) as passing:
                return await asyncio.wait_for(anext(passing), WAIT_S)
        except ClientError as error:
            raise Problem.of(error) from None
        except TimeoutError:
            raise Problem(
                504, "NOTHING_PASSED", f"cannot show a message: none passed on this link in {WAIT_S:g} s"
            ) from None
        except StopAsyncIteration:
            raise Problem(503, "TAP_ENDED", "cannot show a message: the link or the run is gone") from None


def _width(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and int(text)):
        raise bad_request("cannot make a picture so wide: picture_width is a number from 1 to 9999")
    return int(text)


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise bad_request(f"cannot read bgr={text[:80]!r}: it is true or false")
    return text == "true"


def _as_json(passed: Passed) -> Response:
    told = tap_pb2.TappedMessage(
        sequence=passed.sequence,
        skipped=passed.skipped,
        overtaken=passed.overtaken,
        length=passed.length,
    )
    told.capture_time.FromNanoseconds(int(passed.captured_s * 1e9))
    if passed.omitted:
        told.omitted = passed.omitted
    try:
        message = None if passed.messagepack is None else from_messagepack(passed.messagepack)
    except MessageError as reason:
        raise Problem(409, "MESSAGE_ERROR", str(reason)) from None
    return json_response({"passed": document_of(told), "message": message})


ROUTES = (
    Route(
        "GET",
        f"{OF_A_PIPELINE}/tap",
        rpc("TapService/TapLink"),
        look,
        {"pipeline": "pipeline"},
        query=_QUERY,
        media=(writing.MEDIA_TYPE, _MESSAGEPACK, *_PICTURES.values()),
        schema=_SCHEMA,
        summary="One look at a link: the next message that passes on it.",
    ),
)

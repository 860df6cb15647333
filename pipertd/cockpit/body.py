"""The body of a request: JSON, of bounded length, in bounded time."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

from pipertd.cockpit.limits import BODY_S, MOST_BODY_BYTES
from pipertd.cockpit.problem import Problem, bad_request


async def json_of(request: Request) -> dict[str, Any]:
    """The object in the body; an empty one where there is no body.

    Raises:
        Problem: it is too long, too slow, or no object in JSON.
    """
    content = await _content(request)
    if not content:
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Problem(
            415,
            "NOT_JSON",
            f"cannot read a body of {kind[:80] or 'no type'}: send JSON, with Content-Type: application/json",
        )
    try:
        document = json.loads(content.decode(), parse_constant=_refuse, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as reason:
        raise bad_request(f"cannot read the body as JSON: {reason}") from None
    if not isinstance(document, dict):
        raise bad_request("cannot use the body: it is no JSON object")
    return document


async def _content(request: Request) -> bytes:
    """Close the connection where any of it is left: who sends for ever is not listened to."""
    declared = request.headers.get("content-length", "0")
    if int(declared) > MOST_BODY_BYTES:  # h11 lets nothing through that is no number
        raise _too_large()
    content = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.stream():
                content += piece
                if len(content) > MOST_BODY_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise Problem(
            408,
            "TOO_SLOW",
            f"cannot wait any longer for the body: it has not arrived in {BODY_S:g} s",
            headers={"connection": "close"},
        ) from None
    except ClientDisconnect:
        raise bad_request("cannot read the body: the client is gone") from None
    return bytes(content)


def _too_large() -> Problem:
    return Problem(
        413,
        "REQUEST_TOO_LARGE",
        f"cannot take this body: it has more than {MOST_BODY_BYTES} bytes",
        headers={"connection": "close"},
    )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Not the last of several keys, as Python has it: who checks a body may see the first."""
    document: dict[str, Any] = {}
    for name, value in pairs:
        if name in document:
            raise ValueError(f"the key {name[:80]!r} stands in it twice")
        document[name] = value
    return document

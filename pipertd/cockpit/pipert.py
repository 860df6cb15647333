"""The routes of PipeRT2's API wrapper, for the one pipeline that is loaded, or for the one that a path names.

Its README has them called by GET, its code by POST; both are taken, with a slash at the end and without.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from pipertd.cockpit.pipert_events import UNLINK, execute, execute_for_all
from pipertd.cockpit.pipert_pipeline import HANDLERS, PAUSE, START, STOP, kill, pause, start, structure
from pipertd.cockpit.routing import Asked, Route

_PIPELINE = {"type": "object", "properties": {"pipeline": {"$ref": "#/components/schemas/Pipeline"}}}
_ANSWERS = {
    "type": "object",
    "required": ["answers"],
    "properties": {"answers": {"type": "array", "items": {"$ref": "#/components/schemas/EventAnswer"}}},
}
_STRUCTURE = {
    "type": "object",
    "required": ["Routines", "Events"],
    "properties": {
        "Routines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "flow_name": {"type": "string"},
                    "routine_name": {"type": "string"},
                    "events": {"type": "array", "items": {"type": "string"}},
                },
            },
        },
        "Events": {"type": "array", "items": {"type": "string"}},
    },
}
_EXTRA = {"type": "object", "properties": {"extra_args": {"type": "object", "description": "The event's parameters."}}}
_Handle = Callable[[Asked], Awaitable[Response]]


def _routes(
    path: str, asked: Any, handle: _Handle, schema: Any, summary: str, body: Any = None, methods: str = "GET POST"
) -> tuple[Route, ...]:
    return tuple(
        Route(method, f"{before}{path}{after}", asked, handle, schema=schema, body_schema=body, summary=summary)
        for before in ("", "/pipelines/{pipeline}")
        for after in ("", "/")
        for method in methods.split()
    )


ROUTES = (
    *_routes("/start", START, start, _PIPELINE, "Have the pipeline up, and what is paused go on."),
    *_routes("/pause", PAUSE, pause, _PIPELINE, "Have it take nothing and give nothing until it is started."),
    *_routes("/kill", STOP, kill, _PIPELINE, "Have it down at once; what waits on its links is counted as dropped."),
    *_routes(
        "/pipe/structure",
        HANDLERS,
        structure,
        _STRUCTURE,
        "Its routines with the events that they handle.",
        methods="GET",
    ),
    *_routes(
        "/routines/events/{event}/execute",
        UNLINK,
        execute_for_all,
        _ANSWERS,
        "Hand an event to every routine.",
        _EXTRA,
    ),
    *_routes(
        "/routines/{routine}/events/{event}/execute",
        UNLINK,
        execute,
        _ANSWERS,
        "Hand an event to one routine.",
        _EXTRA,
    ),
    *_routes(
        "/routines/{flow}/{routine}/events/{event}/execute",
        UNLINK,
        execute,
        _ANSWERS,
        "Hand an event to one routine of a flow.",
        _EXTRA,
    ),
)

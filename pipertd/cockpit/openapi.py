"""The OpenAPI 3.1 document, out of the routes and of the protos with their comments.

Source: https://spec.openapis.org/oas/v3.1.1 and https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipertd import __version__
from pipertd.cockpit import sse, writing
from pipertd.cockpit.problem import MEDIA_TYPE as PROBLEM
from pipertd.cockpit.routing import Route
from pipertd.cockpit.schemas import Schemas
from pipertd.names import NAME_PATTERN
from pipertd.rpc.described import Api, Rpc

_DESCRIPTION = """\
The API of a pipertd daemon over HTTP. JSON is protobuf's, with the fields' own names: 64-bit numbers are text,
durations are written like "1.5s", times like "2026-11-27T12:00:00Z". Refusals are problem details (RFC 9457); decide by
status and reason, never by detail, which is for people. docs/http.md tells more."""
_PIPERT = "PipeRT2"
_PARTS = {  # of paths, that are no names of ours
    "event": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[A-Za-z0-9_][ -.0-~]*$"},
    "message": {"type": "string", "minLength": 1, "pattern": "^[A-Za-z0-9_.-]+$"},
}
_REFUSAL = {
    "type": "object",
    "description": "Why there is no answer, after RFC 9457.",
    "required": ["type", "title", "status", "detail", "reason", "code", "metadata"],
    "properties": {
        "type": {"type": "string", "description": "urn:pipertd:problem:REASON."},
        "title": {"type": "string", "description": "HTTP's words for the status."},
        "status": {"type": "integer", "description": "HTTP's status."},
        "detail": {"type": "string", "description": "What could not be done and why, for people."},
        "reason": {"type": "string", "description": "The kind of refusal, by which a client decides."},
        "code": {"type": "string", "description": "gRPC's code, where the daemon refused; else empty."},
        "metadata": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "The object that it is about, by name.",
        },
    },
}


def document(api: Api, routes: tuple[Route, ...]) -> dict[str, Any]:
    """All of it."""
    rpcs = {f"{service.name}/{rpc.name}": rpc for service in api.services for rpc in service.rpcs}
    schemas = Schemas(api)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if not route.path.endswith("/"):  # PipeRT2's, which are there without it as well
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, rpcs[route.rpc.name], schemas)
    tags = dict.fromkeys(_tag(route) for route in routes)
    comments = {service.name: service.comment for service in api.services}
    comments[_PIPERT] = (
        "The routes of PipeRT2's API wrapper, for the one pipeline that is loaded, or for the one named."
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "pipertd", "version": __version__, "description": _DESCRIPTION, "license": {"name": "MIT"}},
        "tags": [{"name": tag, "description": comments[tag]} for tag in tags],
        "security": [{"token": []}, {}],
        "paths": paths,
        "components": {
            "schemas": {"Refusal": _REFUSAL, **schemas.used()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "Where the server has tokens."}
            },
        },
    }


def _operation(route: Route, rpc: Rpc, schemas: Schemas) -> dict[str, Any]:
    summary, _, rest = (route.summary or rpc.comment).replace("\n", " ").partition(". ")
    operation: dict[str, Any] = {
        "operationId": _name(route),
        "tags": [_tag(route)],
        "summary": summary.removesuffix("."),
        "description": rest,
        "x-pipertd-right": str(route.rpc.right),
        "parameters": [*_of_path(route), *_of_query(route, rpc, schemas)],
        "responses": {
            "200": {"description": "The answer.", "content": dict(_content(route, rpc, schemas))},
            "default": {
                "description": "Why there is none.",
                "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Refusal"}}},
            },
        },
    }
    body = route.body_schema or (schemas.some_of(rpc.request, route.body) if route.body else None)
    if body is not None:
        operation["requestBody"] = {"content": {writing.MEDIA_TYPE: {"schema": body}}}
    return operation


def _name(route: Route) -> str:
    words = re.findall(r"[a-z0-9_]+", route.path.removeprefix("/v1"))
    return "_".join((route.method.lower(), *words))


def _tag(route: Route) -> str:
    return route.rpc.name.partition("/")[0] if route.path.startswith("/v1/") else _PIPERT


def _of_path(route: Route) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _PARTS.get(name, {"type": "string", "pattern": f"^{NAME_PATTERN}$"}),
        }


def _of_query(route: Route, rpc: Rpc, schemas: Schemas) -> Iterator[dict[str, Any]]:
    for each in route.query:
        schema, comment = (each.schema, "") if each.schema is not None else schemas.query(rpc.request, each.name)
        yield {
            "name": each.name,
            "in": "query",
            "required": each.required,
            "description": each.description or comment,
            "schema": schema,
        }
    if route.streams:
        yield {
            "name": "Last-Event-ID",
            "in": "header",
            "required": False,
            "description": "The id of the last event that was seen: what is behind it is told.",
            "schema": {"type": "string"},
        }


def _content(route: Route, rpc: Rpc, schemas: Schemas) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for media in route.media:
        if media == writing.MEDIA_TYPE:
            if route.schema is not None:
                schemas.use(route.schema)
            yield media, {"schema": route.schema or schemas.message(rpc.response)}
        elif media == sse.MEDIA_TYPE:
            # What an event's data is, is one of the fields; OpenAPI 3.1 has no word for it.
            yield media, {"schema": {"type": "string"}, "x-pipertd-data": schemas.message(rpc.response)}
        else:
            yield media, {}

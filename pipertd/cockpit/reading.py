"""Requests of the protos out of paths, queries and bodies, in protobuf's JSON mapping.

Source: https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from starlette.datastructures import QueryParams

from pipertd.cockpit.problem import bad_request
from pipertd.names import Target, nearest

_BOOLEANS = {"true": True, "false": False}
_DEEPEST = 100  # levels of JSON, beyond which protobuf refuses it
_MOST_SHOWN = 80  # characters of what somebody sent

M = TypeVar("M", bound=Message)


class Parameter(NamedTuple):
    """Something in a query; a field of the rpc's request of the same name, unless it has a ``schema`` of its own."""

    name: str
    schema: Mapping[str, Any] | None = None
    description: str = ""
    required: bool = False


def parameters_of(query: QueryParams, known: Sequence[Parameter]) -> dict[str, str]:
    """What stands in a query, by name.

    Raises:
        Problem: something is in it that is not known, or twice; or is missing.
    """
    names = [parameter.name for parameter in known]
    found = dict(query.multi_items())
    for name in found:
        if name not in names:
            there = f"there are {', '.join(names)}" if names else "there are none"
            raise bad_request(
                f"cannot use the query: it has {name[:_MOST_SHOWN]!r}{nearest(name, names)}, and {there} here"
            )
    if len(query.multi_items()) > len(found):
        raise bad_request("cannot use the query: the same name stands in it twice")
    for parameter in known:
        if parameter.required and parameter.name not in found:
            raise bad_request(f"cannot do without {parameter.name!r}: it is to stand in the query")
    return found


def filled(
    request: M,
    places: Mapping[str, str],
    query: tuple[Mapping[str, str], Sequence[Parameter]],
    body: tuple[Mapping[str, Any], Sequence[str]],
) -> M:
    """A request, with what path, query and body say of it.

    Args:
        request: an empty one.
        places: what the path says, by fields such as ``target.pipeline``.
        query: what the query says, and what it may say.
        body: what the body says, and the fields that it may name.

    Raises:
        Problem: they say what cannot be meant.
    """
    said, known = body
    fields = request.DESCRIPTOR.fields_by_name
    names = {*known, *(fields[name].json_name for name in known)}
    for name in said:
        if name not in names:
            raise bad_request(
                f"cannot use the body: it has {name[:_MOST_SHOWN]!r}{nearest(name, known)}, and here it may have "
                f"{', '.join(known)}"
            )
        if _has_null(said[name]) and name != "params":
            raise bad_request(f"cannot use {name}: there is a null in it; leave out what is not meant")
    _merge(request, said, "body")
    asked, parameters = query
    for parameter in parameters:
        if parameter.name in asked and parameter.schema is None:
            _merge(request, {parameter.name: _value(fields[parameter.name], asked[parameter.name])}, "query")
    for name, text in places.items():
        _put(request, name, text)
    return request


def _has_null(value: Any, depth: int = _DEEPEST) -> bool:
    """Which protobuf's mapping would take for what is left out."""
    if isinstance(value, dict | list) and depth:
        return any(_has_null(each, depth - 1) for each in (value.values() if isinstance(value, dict) else value))
    return value is None


def _merge(request: Message, said: Mapping[str, Any], where: str) -> None:
    try:
        json_format.ParseDict(dict(said), request)
    except (json_format.ParseError, TypeError, ValueError, OverflowError, RecursionError) as reason:
        raise bad_request(f"cannot use the {where}: {reason}") from None


def _value(field: Any, text: str) -> Any:
    """As JSON has it, where text stands for it; numbers may be text there."""
    if field.message_type is not None and field.message_type.name == "Target":
        return target_of(text)
    if field.type == FieldDescriptor.TYPE_BOOL:
        if text not in _BOOLEANS:
            raise bad_request(f"cannot read {field.name}={text[:_MOST_SHOWN]!r}: it is true or false")
        return _BOOLEANS[text]
    return text


def target_of(text: str) -> dict[str, str]:
    """``PIPELINE[/FLOW[/ROUTINE]]`` as the message Target in JSON.

    Raises:
        Problem: it is none.
    """
    try:
        aim = Target.parse(text)
    except ValueError as reason:
        raise bad_request(str(reason)) from None
    return {"pipeline": aim.pipeline, "flow": aim.flow or "", "routine": aim.routine or ""}


def _put(request: Message, name: str, text: str) -> None:
    """Set a field, or that of a message within."""
    *outer, last = name.split(".")
    place: Any = request
    for step in outer:
        place = getattr(place, step)
    setattr(place, last, text)

"""What a routine takes and gives, by the annotations of its ``main_logic``.

A dataclass or a ``msgspec.Struct`` that is taken is made from what arrives; an array or a dict is only looked at. What
the two ends of a link say is compared by the check, as plain values, so that nobody has to import both ends.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
import numpy as np

from pipertd.data import Data, made_of
from pipertd.errors import MessageError
from pipertd.flow.routine import Routine
from pipertd.flow.values import converted, hints_of, type_name


def taken_type(cls: type[Routine]) -> Any:
    """What ``main_logic`` takes; Any where it does not say."""
    return taken_types(cls, 1)[0]


def taken_types(cls: type[Routine], count: int) -> list[Any]:
    """What ``main_logic`` takes, which is called with ``count`` messages; Any where it does not say."""
    method = _main_logic(cls)
    names = list(inspect.signature(method).parameters)[1 : 1 + count]
    said = [_plain(hints_of(method).get(name, Any)) for name in names]
    return said + [Any] * (count - len(said))  # *args is one parameter, whatever it takes


def given_type(cls: type[Routine]) -> Any:
    """What ``main_logic`` returns when it does not return None; Any where it does not say."""
    return _plain(hints_of(_main_logic(cls)).get("return", Any))


def _main_logic(cls: type[Routine]) -> Callable[..., Any]:
    method: Callable[..., Any] = getattr(cls, "main_logic")  # noqa: B009 - Routine has none, each of its kinds has
    return method


def _plain(hint: Any) -> Any:
    """An annotation without its ``| None``; Any for one of several types."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        rest = [each for each in typing.get_args(hint) if each is not type(None)]
        return rest[0] if len(rest) == 1 else Any
    return Any if hint in (None, type(None)) else hint


def _class_of(hint: Any) -> type | None:
    """The class that an annotation names; None where it says nothing."""
    kind = typing.get_origin(hint) or hint
    return kind if isinstance(kind, type) and kind not in (object, Any) else None


def reader_of(hint: Any) -> Callable[[Any], Any] | None:
    """What makes of a message what ``main_logic`` takes; None where it is taken as it is.

    The reader raises MessageError for a message that is something else.
    """
    kind = _class_of(hint)
    if kind in (None, Data) or issubclass(kind, Mapping):
        return None
    if issubclass(kind, Data):
        return partial(_read_data, kind)

    def read(message: Any) -> Any:
        if isinstance(message, kind):
            return message
        try:
            read = converted(message, hint)
        except msgspec.ValidationError as reason:
            raise MessageError(f"cannot take a message as {type_name(hint)}: {reason}") from None
        if not isinstance(read, kind):
            raise MessageError(f"cannot take a {type(message).__name__} as {type_name(hint)}")
        return read

    return read


def _read_data(kind: type[Data], message: Any) -> Data:
    """A message as an author's ``Data``; another one's attributes and a dict's items become its own."""
    if isinstance(message, kind):
        return message
    if isinstance(message, Data):
        return made_of(kind, vars(message))
    if isinstance(message, Mapping):
        return made_of(kind, message)
    raise MessageError(f"cannot take a {type(message).__name__} as {type_name(kind)}")


def shape_of(hint: Any) -> dict[str, Any] | None:
    """An annotation as plain values: its name, and its fields where it has some; None where it says nothing."""
    kind = _class_of(hint)
    if kind is None or issubclass(kind, Data):  # a Data has what its author sets on it
        return None
    if issubclass(kind, Mapping):
        return {"name": "dict"}
    if issubclass(kind, np.ndarray):
        return {"name": "array"}
    fields = _fields(kind)
    return {"name": type_name(kind)} if fields is None else {"name": type_name(kind), "fields": fields}


def _fields(kind: type) -> dict[str, dict[str, Any]] | None:
    hints = hints_of(kind)
    if issubclass(kind, msgspec.Struct):
        required = {each.encode_name: each.required for each in msgspec.structs.fields(kind)}
    elif dataclasses.is_dataclass(kind):
        missing = dataclasses.MISSING
        required = {
            each.name: each.default is missing and each.default_factory is missing for each in dataclasses.fields(kind)
        }
    else:
        return None
    return {name: {"type": _short(hints.get(name, Any)), "required": needed} for name, needed in required.items()}


def _short(hint: Any) -> str | None:
    """A field's type by name, to be compared; None where it can be several."""
    plain = _plain(hint)
    shape = shape_of(plain)
    return None if shape is None or plain is not hint else str(shape["name"])

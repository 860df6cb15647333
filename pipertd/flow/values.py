"""Values from outside (params, the parameters of events) against what an author's annotations say."""

from __future__ import annotations

import inspect
import typing
from pathlib import Path
from typing import Any

import msgspec


def hints_of(annotated: Any) -> dict[str, Any]:
    """The annotations of a class or function by name.

    Where one of them cannot be evaluated (a name imported for type checkers only), none of them says anything.
    """
    try:
        return typing.get_type_hints(annotated)
    except (NameError, AttributeError, TypeError, SyntaxError):
        places = reversed(annotated.__mro__) if isinstance(annotated, type) else [annotated]
        return {name: Any for place in places for name in inspect.get_annotations(place)}


def converted(value: Any, hint: Any) -> Any:
    """What the annotation makes of a value: an int becomes a float, text a Path, a list a tuple.

    Raises:
        msgspec.ValidationError: it cannot be that.
    """
    if hint in (Any, inspect.Parameter.empty):
        return value
    try:
        return msgspec.convert(value, hint, dec_hook=_path_or_as_it_is)
    except TypeError:  # an annotation that says nothing about such values
        return value


def complaint(reason: msgspec.ValidationError, hint: Any) -> str:
    """What is wrong, in words: ``it is no int``, or ``[2] is no list[int]`` for an item."""
    at = str(reason).partition(" - at `$")[2].rstrip("`")
    return f"{at or 'it'} is no {type_name(hint)}"


def type_name(hint: Any) -> str:
    """An annotation as its author wrote it."""
    if isinstance(hint, type) and not typing.get_args(hint):
        return hint.__name__
    return str(hint).replace("pathlib._local.", "pathlib.")  # the file where Python 3.13 has it, which nobody writes


def _path_or_as_it_is(hint: type, value: Any) -> Any:
    if hint is Path and isinstance(value, str):
        return Path(value)
    if isinstance(value, typing.get_origin(hint) or hint):
        return value
    raise msgspec.ValidationError(f"Expected `{type_name(hint)}`, got `{type(value).__name__}`")

"""What a routine's handlers take, for those who may want to notify it: read off their signatures, never called."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from pipertd.flow.events import handlers_of
from pipertd.flow.routine import Routine
from pipertd.flow.values import type_name
from pipertd.protocol import MAX_MESSAGE_BYTES, Handler, HandlerParameter, Handlers, encode

MOST_DESCRIPTION = 500  # characters
BY_KEYWORD = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_EVALUATE_NOTHING: dict[str, Any] = {}
if sys.version_info >= (3, 14):  # where an annotation may name what exists for type checkers only
    from annotationlib import Format

    _EVALUATE_NOTHING["annotation_format"] = Format.STRING


def handlers_told(routine: Routine, name: str) -> Handlers:
    """All handlers of the routine called ``name``, by event; or why they cannot be told."""
    found = Handlers(
        routine=name,
        handlers=[
            _handler(event, getattr(routine, method, None))
            for event, method in sorted(handlers_of(type(routine)).items())
        ],
    )
    try:
        encode(found)
    except ValueError:
        error = f"cannot tell what {name} handles: it takes more than {MAX_MESSAGE_BYTES} bytes to say"
        return Handlers(routine=name, handlers=[], error=error)
    return found


def _handler(event: str, method: Callable[..., Any] | None) -> Handler:
    try:
        parameters = inspect.signature(method, **_EVALUATE_NOTHING).parameters.values()  # type: ignore[arg-type]
    except (TypeError, ValueError):  # something else by now, or a function of C that does not say what it takes
        return Handler(event=event, parameters=[], takes_more=True, description="")
    return Handler(
        event=event,
        parameters=[_parameter(each) for each in parameters if each.kind in BY_KEYWORD],
        takes_more=any(each.kind is each.VAR_KEYWORD for each in parameters),
        description=_first_paragraph(inspect.getdoc(method) or ""),
    )


def _parameter(parameter: inspect.Parameter) -> HandlerParameter:
    annotation = parameter.annotation
    if annotation is parameter.empty:
        annotation = ""
    written = annotation if isinstance(annotation, str) else type_name(annotation)
    return HandlerParameter(name=parameter.name, type=written, optional=parameter.default is not parameter.empty)


def _first_paragraph(text: str) -> str:
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    return paragraph if len(paragraph) <= MOST_DESCRIPTION else paragraph[: MOST_DESCRIPTION - 1] + "…"

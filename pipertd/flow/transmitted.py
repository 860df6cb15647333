"""A pipe's data transmitters at work: what they make of messages, on the routine's thread, around ``main_logic``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

Change = Callable[[Any], Any]


def transmitting(main_logic: Callable[..., Any], change: Change) -> Callable[..., Any]:
    """``main_logic``, with ``change`` made to what it returns; what either raises is the step's failure."""

    @wraps(main_logic)
    def step(*message: Any) -> Any:
        result = main_logic(*message)
        return None if result is None else change(result)

    return step


def received_by(change: Change | None, reader: Change | None) -> Change | None:
    """What makes of what was sent what ``main_logic`` takes: ``change``, then what its annotation asks for."""
    if change is None or reader is None:
        return change or reader

    def read(message: Any) -> Any:
        return reader(change(message))

    return read

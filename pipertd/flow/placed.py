"""Routines that are what their links make of them: PipeRT2's FPSRoutine, and a function as a routine.

Where no link ends at one it is a source, where none begins at it a destination, and else a middle routine.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from pipertd.flow.routine import Routine

PLACED = "placed"  # the kind of a class whose routines get theirs by their links


class FPSRoutine(Routine):
    """A source, a middle or a destination routine, by its links.

    ``main_logic`` of a source may take nothing, or what it may leave out of account: it is called with None then.

    Source: PipeRT2's class of the same name.
    """

    kind = PLACED
    if TYPE_CHECKING:
        main_logic: Callable[..., Any]  # with a message or without
    else:

        def main_logic(self, data: Any = None) -> Any:
            """One step: a message for the next routines, or None. Arrays in ``data`` are read-only."""
            raise NotImplementedError


class FunctionalMiddleRoutine(FPSRoutine):
    """A function as a routine: it takes a message and returns one, or None.

    Source: PipeRT2's class of the same name.
    """

    def __init__(self, func: Callable[[Any], Any], *args: Any, **kwargs: Any) -> None:
        """``func`` is what ``main_logic`` does; the rest is what any routine takes."""
        super().__init__(*args, **kwargs)
        self.logic = func

    def main_logic(self, data: Any) -> Any:
        """What the function makes of it."""
        return self.logic(data)


def place(routine: Routine, *, has_inputs: bool, has_outputs: bool) -> None:
    """Let a routine be what its links make of it; one that derives from another class is that already."""
    if routine.kind == PLACED:
        routine.kind = "source" if not has_inputs else "middle" if has_outputs else "destination"


def source_logic(routine: Any) -> Callable[[], Any]:
    """``main_logic`` of a source, to be called without a message."""
    main_logic: Callable[..., Any] = routine.main_logic
    return main_logic if _takes_nothing(main_logic) else partial(main_logic, None)


def kind_of(cls: type[Routine]) -> str:
    """What a class can be: one whose ``main_logic`` takes nothing can only be a source."""
    if cls.kind != PLACED:
        return cls.kind
    main_logic: Callable[..., Any] = cls.main_logic  # type: ignore[attr-defined]
    parameters = list(inspect.signature(main_logic).parameters.values())[1:]
    return PLACED if parameters else "source"


def _takes_nothing(main_logic: Callable[..., Any]) -> bool:
    try:
        inspect.signature(main_logic).bind()
    except TypeError:
        return False
    return True

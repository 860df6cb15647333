"""``running``: one routine in a test, from its setup to its cleanup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pipertd.flow.loader import build, check_class
from pipertd.flow.placed import PLACED, kind_of, place
from pipertd.flow.routine import Routine
from pipertd.testing.clock import VirtualClock
from pipertd.testing.routine import Running
from pipertd.testing.setting import OnError, Setting
from pipertd.testing.stepped import Stepped


@contextmanager
def running(
    routine: type[Routine] | Routine,
    params: Mapping[str, Any] | None = None,
    *,
    kind: str | None = None,
    name: str | None = None,
    fps: float | None = None,
    on_error: OnError = "raise",
    depth: int = 4,
    within_flow: bool = False,
    credentials: Mapping[str, str | bytes] | None = None,
    published: int = 0,
    position: int = 0,
    generation: int = 1,
    clock: VirtualClock | None = None,
) -> Iterator[Running]:
    """Run a routine as a flow does: setup before the block, cleanup behind it.

    Args:
        routine: its class, to be made as the loader makes it, or an object.
        params: as in a definition; for a class.
        kind: of an FPSRoutine, which gets its kind by its links: source, middle (if not said) or destination.
        name: its name in the pipeline; if not said, the one that it was made with.
        fps: as in a definition.
        on_error: ``raise`` lets what ``main_logic`` raises reach the test; ``skip`` and ``retry`` do as in a definition
            and keep it in ``failures``.
        depth: of the link into it: with ``acknowledge = "manual"`` so many messages and two more may be in hand.
        within_flow: its neighbours are in its own flow: messages pass by reference, and need not be able to travel.
        credentials: name → what is in it.
        published, position, generation: as they are when an earlier generation crashed.
        clock: one that others share; else it has one of its own.

    Raises:
        LoadError: the class or a param would be refused in a definition.
    """
    made = _made(routine, params)
    if made.kind == PLACED:
        kind = kind or ("source" if kind_of(type(made)) == "source" else "middle")
        place(made, has_inputs=kind != "source", has_outputs=kind != "destination")
    setting = Setting(
        name=name or made.name or "routine",
        generation=generation,
        fps=fps,
        on_error=on_error,
        hands=depth + 2,
        position=position,
        published=published,
        publishes=not within_flow,
        credentials=credentials or {},
    )
    run = Running(Stepped(made, setting, clock or VirtualClock()))
    made.setup()
    try:
        yield run
    finally:
        made.cleanup()


def _made(routine: type[Routine] | Routine, params: Mapping[str, Any] | None) -> Routine:
    cls = type(routine) if isinstance(routine, Routine) else routine
    check_class(cls, cls.__qualname__)
    if not isinstance(routine, Routine):
        return build(routine, params or {})
    if params:
        raise TypeError(f"cannot set params on an object: give the class {cls.__qualname__}, or set them yourself")
    return routine

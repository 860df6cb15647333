"""Events: named messages to routines, handled on the routine's own thread between two messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

START = "start"
STOP = "stop"
PAUSE = "pause"
RESUME = "resume"
KILL = "kill"
UPDATE_FPS = "update_fps"
LOG_DATA = "log_data"

MOST_WAITING = 1000  # events for one routine

Handler = TypeVar("Handler", bound=Callable[..., Any])


def events(*names: str) -> Callable[[Handler], Handler]:
    """Let a method handle the events of these names; it is called with the event's parameters as keywords.

    What it returns is the answer that the caller sees. Inherited handlers count; a subclass that overrides the
    method without the decorator keeps the names.

    Source: PipeRT2's decorator of the same name.
    """
    if not names or not all(isinstance(name, str) and name for name in names):
        raise TypeError("cannot use @events here: it takes the names of one or more events, as in @events('RESET')")

    def mark(method: Handler) -> Handler:
        method.__dict__["pipertd_events"] = names
        return method

    return mark


def class_functions_dictionary() -> Callable[..., Callable[[Handler], Handler]]:
    """The decorator :func:`events`, for classes that make their own first, as PipeRT2 wants it."""
    return events


def handlers_of(cls: type) -> dict[str, str]:
    """Event name → name of the method that handles it; the most derived class wins."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        for attribute, value in vars(base).items():
            for event in getattr(value, "pipertd_events", ()):
                found[event] = attribute
    return found


@dataclass(frozen=True)
class Delivery:
    """One event on its way to one routine; ``request`` 0 wants no answer."""

    request: int
    event: str
    params: Mapping[str, Any]


class Inbox:
    """The events that wait for one routine: appended by the channel's thread, taken by the routine's own."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self.waiting: deque[Delivery] = deque()
        self._ring = ring

    def put(self, delivery: Delivery) -> bool:
        """Add an event and wake the routine; whether there was room for it."""
        if len(self.waiting) >= MOST_WAITING:
            return False
        self.waiting.append(delivery)
        self._ring()
        return True

    def take(self) -> Delivery | None:
        """The oldest event, or None."""
        return self.waiting.popleft() if self.waiting else None

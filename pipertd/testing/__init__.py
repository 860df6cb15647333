"""For the tests of an author: one routine, or a whole definition, run in the test's process and by a clock of its own.

No daemon, no thread, no shared memory. What runs a routine in a flow runs it here: the loader, the types of messages,
what travels and how, events, pacing, what a full link does.

``clock`` time, ``parcel`` what is sent, ``setting`` what a flow would say, ``stepped`` a routine step by step;
``running`` starts one for a test, and ``routine`` is what the test has of it. ``definition`` is all of a definition:
``rehearsed`` makes it out of the file, ``rehearsal`` steps it, ``member`` is a routine in it and ``link`` a link.
``recorded`` messages from files; ``golden`` the comparison with one: ``plainly`` what stands in it, ``difference`` what
differs; ``plugin`` pytest's part.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipertd.testing.clock import VirtualClock as VirtualClock
    from pipertd.testing.definition import Run as Run
    from pipertd.testing.definition import run_definition as run_definition
    from pipertd.testing.definition import running_definition as running_definition
    from pipertd.testing.golden import golden as golden
    from pipertd.testing.recorded import messages_of as messages_of
    from pipertd.testing.routine import Running as Running
    from pipertd.testing.running import running as running
    from pipertd.testing.setting import EventFailed as EventFailed

_HOMES = {
    "EventFailed": "setting",
    "Run": "definition",
    "Running": "routine",
    "VirtualClock": "clock",
    "golden": "golden",
    "messages_of": "recorded",
    "run_definition": "definition",
    "running": "running",
    "running_definition": "definition",
}

__all__ = [
    "EventFailed",
    "Run",
    "Running",
    "VirtualClock",
    "golden",
    "messages_of",
    "run_definition",
    "running",
    "running_definition",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pipertd.testing' has no attribute {name!r}")
    value = getattr(import_module(f"pipertd.testing.{_HOMES[name]}"), name)
    globals()[name] = value  # not the module of the same name, which the import has put there
    return value

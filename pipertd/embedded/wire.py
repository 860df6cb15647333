"""A wire: the links from one routine to others, as a script draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipertd.flow.routine import Routine
from pipertd.names import Policy


@dataclass(frozen=True)
class Wire:
    """What ``source`` gives goes to every one of ``destinations``.

    ``policy`` and ``depth`` are those of the links; left out, the pipe's network says. ``data_transmitter`` is taken
    for PipeRT2's sake: messages pass in shared memory whatever it is.

    Source: PipeRT2's class of the same name.
    """

    source: Routine
    destinations: Sequence[Routine]
    data_transmitter: Any = None
    policy: Policy | str | None = None
    depth: int | None = None

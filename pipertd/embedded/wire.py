"""A wire: the links from one routine to others, as a script draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipertd.embedded.transmitter import DataTransmitter
from pipertd.flow.routine import Routine
from pipertd.names import Policy


@dataclass(frozen=True)
class Wire:
    """What ``source`` gives goes to every one of ``destinations``.

    ``policy`` and ``depth`` are those of the links; left out, the pipe's network says. ``data_transmitter`` changes
    messages on their way; left out, the pipe's does.

    Source: PipeRT2's class of the same name.
    """

    source: Routine
    destinations: Sequence[Routine]
    data_transmitter: DataTransmitter | None = None
    policy: Policy | str | None = None
    depth: int | None = None

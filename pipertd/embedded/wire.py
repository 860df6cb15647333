"""A wire: the links from one routine to others, as a script draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipertd.embedded.transmitter import DataTransmitter
from pipertd.errors import InvalidDefinition
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

    def __post_init__(self) -> None:
        """Raise InvalidDefinition where the ends are no routines."""
        if isinstance(self.destinations, Routine):
            raise InvalidDefinition("cannot wire: destinations are a tuple of routines, also of one: (routine,)")
        for end in (self.source, *self.destinations):
            if not isinstance(end, Routine):
                raise InvalidDefinition(f"cannot wire: {end!r} is no routine object")

"""A script's routines as their flows take them: the objects that it made, each with the transmitters of its links."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipertd.embedded.transmitter import BasicTransmitter, DataTransmitter
from pipertd.embedded.wire import Wire
from pipertd.errors import InvalidDefinition, LoadError
from pipertd.flow import authored
from pipertd.flow.forked import as_child, shed_parent, told_spec
from pipertd.flow.lifetime import UNUSABLE, live
from pipertd.flow.records import handler_of
from pipertd.flow.routine import Routine
from pipertd.flow.transmitted import transmitting
from pipertd.forking import Fork
from pipertd.protocol import FlowSpec, RoutineSpec


@dataclass(frozen=True)
class Player:
    """A routine as the script made it, with the transmitters of its links where these change something."""

    routine: Routine
    transmits: DataTransmitter | None = None
    receives: DataTransmitter | None = None

    def ready(self) -> Routine:
        """The routine, to be run by its flow."""
        routine: Any = self.routine
        if self.transmits is not None:
            routine.main_logic = transmitting(routine.main_logic, self.transmits.transmit())
        if self.receives is not None:
            routine._receive = self.receives.receive()  # noqa: SLF001 - its process reads it
        return self.routine


@dataclass(frozen=True)
class Troupe:
    """What a zygote holds: all routines by flow and name, and from which level on the script wants log records."""

    players: Mapping[tuple[str, str], Player]
    level: int

    def enter(self, request: Fork, fds: list[int]) -> int:
        """Live as the flow that is asked for; the exit status. ``fds`` are what the request's numbers stand for."""
        shed_parent(request)
        return as_child(request.flow, lambda: self._live(request, fds))

    def _live(self, request: Fork, fds: list[int]) -> int:
        spec = told_spec(request, fds)
        try:
            handler = handler_of(spec)
        except OSError as reason:
            sys.stderr.write(f"cannot run a flow: {reason}\n")
            return UNUSABLE
        root = logging.getLogger()
        root.handlers[:] = [handler]  # what the script's own handlers hold is the script's
        root.setLevel(self.level)
        return live(spec, handler, self._take, settles=request.settles)

    def _take(self, flow: FlowSpec, spec: RoutineSpec) -> Routine:
        player = self.players.get((flow.flow, spec.name))
        if player is None:
            raise LoadError(f"cannot run {flow.flow}/{spec.name}: the pipe was built without it")
        try:
            return player.ready()
        except Exception as reason:  # the transmitter is the author's code
            raise LoadError(f"cannot run {flow.flow}/{spec.name}: {authored.in_words(reason)}") from reason


def troupe_of(
    flows: Mapping[str, Sequence[Routine]], wires: Iterable[Wire], default: DataTransmitter, level: int
) -> Troupe:
    """All routines of a script.

    Raises:
        InvalidDefinition: there is no flow, or none in a flow, or the links into one have different transmitters.
    """
    if not flows:
        raise InvalidDefinition("cannot build the pipe: it has no flow; create one")
    for flow, routines in flows.items():
        if not routines:
            raise InvalidDefinition(f"cannot run flow {flow}: it has no routine")
    transmits: dict[int, DataTransmitter] = {}
    receives: dict[int, DataTransmitter] = {}
    for wire in wires:
        transmitter = transmits[id(wire.source)] = wire.data_transmitter or default
        for destination in wire.destinations:
            known = receives.setdefault(id(destination), transmitter)
            if known is not transmitter and (_changes(known) or _changes(transmitter)):
                raise InvalidDefinition(
                    f"cannot link {destination.name}: its inputs have different data transmitters; it receives by one"
                )
    players = {
        (flow, each.name): Player(each, _if_any(transmits.get(id(each))), _if_any(receives.get(id(each))))
        for flow, routines in flows.items()
        for each in routines
    }
    return Troupe(players, level)


def _changes(transmitter: DataTransmitter) -> bool:
    cls = type(transmitter)
    return (cls.transmit, cls.receive) != (BasicTransmitter.transmit, BasicTransmitter.receive)


def _if_any(transmitter: DataTransmitter | None) -> DataTransmitter | None:
    return transmitter if transmitter is not None and _changes(transmitter) else None

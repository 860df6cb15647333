"""A script's routines as their flows take them: each with the transmitters of its links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipertd.embedded.transmitter import BasicTransmitter, DataTransmitter
from pipertd.embedded.wire import Wire
from pipertd.errors import InvalidDefinition
from pipertd.flow.forked import Part
from pipertd.flow.routine import Routine


def parts_of(
    flows: Mapping[str, Sequence[Routine]], wires: Iterable[Wire], default: DataTransmitter
) -> dict[tuple[str, str], Part]:
    """Every routine by flow and name.

    Raises:
        InvalidDefinition: the links into a routine have different transmitters.
    """
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
    return {
        (flow, each.name): Part(each, _if_any(transmits.get(id(each))), _if_any(receives.get(id(each))))
        for flow, routines in flows.items()
        for each in routines
    }


def _changes(transmitter: DataTransmitter) -> bool:
    cls = type(transmitter)
    return (cls.transmit, cls.receive) != (BasicTransmitter.transmit, BasicTransmitter.receive)


def _if_any(transmitter: DataTransmitter | None) -> DataTransmitter | None:
    return transmitter if transmitter is not None and _changes(transmitter) else None

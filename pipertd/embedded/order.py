"""An order: what a script wants to be carried out, and for whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from pipertd.errors import MessageError


class Order(NamedTuple):
    """An event and whom it is for: flow → routines, an empty list for all of the flow; nobody named means everybody."""

    event: str
    targets: Mapping[str, list[str]]
    routine: str | None
    params: Mapping[str, object]


def order_of(
    event: str, targets: Mapping[str, Sequence[str]], routine: str | None, params: Mapping[str, object]
) -> Order:
    """The order that a script gives, checked here, where its author sees what is wrong.

    Raises:
        MessageError: a parameter cannot be carried, or a name that is no text of Unicode.
        TypeError: a name is no text, or the targets are not as they are written.
    """
    if not isinstance(event, str) or not isinstance(routine, str | None):
        raise TypeError(f"cannot notify {event!r}: events and routines are told by their names, not {routine!r}")
    if not isinstance(targets, Mapping) or not all(map(_is_target, targets, targets.values())):
        raise TypeError(f"cannot notify {event}: targets are flow -> list of routines, not {targets!r}")
    order = Order(event, {flow: list(names) for flow, names in targets.items()}, routine, params)
    try:
        msgspec.msgpack.encode(order)
    except (TypeError, ValueError, OverflowError, RecursionError) as reason:
        raise MessageError(
            f"cannot notify {event!r}: {reason}; parameters are scalars, strings, bytes, lists and dicts of them"
        ) from reason
    return order


def _is_target(flow: object, names: object) -> bool:
    """Whether it is a flow's name with names of routines."""
    if not isinstance(flow, str) or not isinstance(names, list | tuple | set | frozenset):
        return False
    return all(isinstance(name, str) for name in names)

"""A link within the flow: one message at a time goes from thread to thread by reference.

A flow is the unit of failure, so it is the unit of acknowledgement: the producer goes on only when its message was
handled by every consumer in the flow, and so the input from which it was made is acknowledged when all that was derived
from it is done. A message is numbered by how many its producer had published, so that one which comes again after a
crash is known by its number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Offer:
    """A message on its way; times are nanoseconds on the monotonic clock."""

    sequence: int
    message: Any
    captured_ns: int
    published_ns: int


class Handover:
    """The link: the producer's thread offers, the consumer's takes and finishes."""

    def __init__(self, ring_producer: Callable[[], None], ring_consumer: Callable[[], None]) -> None:
        self._ring_producer = ring_producer
        self.ring_consumer = ring_consumer
        self._offer: Offer | None = None

    def give(self, offer: Offer) -> None:
        """Offer a message; the one before is finished."""
        self._offer = offer
        self.ring_consumer()

    @property
    def offer(self) -> Offer | None:
        """What is offered and not finished."""
        return self._offer

    def finish(self) -> None:
        """The consumer is done with the offer."""
        self._offer = None
        self._ring_producer()


def freeze(message: Any) -> None:
    """Set the arrays of a message read-only: what a routine returns it gives away."""
    if isinstance(message, np.ndarray):
        message.flags.writeable = False
    elif isinstance(message, dict):
        for value in message.values():
            freeze(value)
    elif isinstance(message, list | tuple):
        for value in message:
            freeze(value)
    elif is_dataclass(message) and not isinstance(message, type):
        for field in fields(message):
            freeze(getattr(message, field.name))
    elif hasattr(message, "__struct_fields__"):
        for name in message.__struct_fields__:
            freeze(getattr(message, name))

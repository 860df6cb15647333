"""A link within the flow: messages go from thread to thread by reference, and a token comes back for each.

A flow is the unit of failure, so it is the unit of acknowledgement: a message goes to other flows, and the input from
which it was made is acknowledged, when every consumer in the flow has given its token back. A message is numbered by
how many its producer had published, so that one which comes again after a crash is known by its number.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from pipertd.data import Data
from pipertd.errors import MessageError
from pipertd.names import Policy
from pipertd.shm.trail import NO_TRAIL, Trail


@dataclass(slots=True)
class Offer:
    """A message on its way; times are nanoseconds on the monotonic clock.

    ``done`` is the token: the consumer has acknowledged the message, or the link has dropped it.
    """

    sequence: int
    message: Any
    captured_ns: int
    published_ns: int
    trail: Trail = NO_TRAIL
    done: bool = False


@dataclass(slots=True)
class Gap:
    """Messages that the link dropped, in their place in the queue, so that its consumer counts them in order."""

    last: int
    count: int = 1


class Handover:
    """The link: the producer's thread gives, the consumer's takes and finishes.

    ``closed`` says that nothing more is given, and ``abandoned`` that nothing more is taken.
    """

    def __init__(
        self, policy: Policy, depth: int, ring_producer: Callable[[], None], ring_consumer: Callable[[], None]
    ) -> None:
        self._policy = policy
        self._depth = depth
        self._ring_producer = ring_producer
        self._ring_consumer = ring_consumer
        self._lock = threading.Lock()  # of the queue, and how many messages wait in it
        self._queue: deque[Offer | Gap] = deque()
        self._waiting = 0
        self.closed = self.abandoned = False

    # -- the producer's side

    @property
    def waits(self) -> bool:
        """Whether the producer waits for its consumer: for room, and for the tokens."""
        return self._policy is Policy.WAIT

    @property
    def must_wait(self) -> bool:
        """Whether the producer has to wait for room now."""
        return self.waits and self._waiting >= self._depth

    def give(self, offer: Offer) -> None:
        """Put a message into the queue; a full one that drops gives up its oldest message, or this one."""
        with self._lock:
            full = self._waiting >= self._depth
            if full and self._policy is Policy.DROP_OLDEST:
                self._drop_oldest()
            if full and self._policy is Policy.DROP_NEWEST:
                offer.message, offer.done = None, True
                self._append_gap(offer.sequence)
            else:
                self._queue.append(offer)
                self._waiting += 1
        self._ring_consumer()

    def _drop_oldest(self) -> None:
        before, count = self._queue[0], 1
        if isinstance(before, Gap):
            count += before.count
            self._queue.popleft()
        oldest = self._queue.popleft()
        assert isinstance(oldest, Offer), "two gaps beside each other are one"
        oldest.message, oldest.done = None, True
        self._waiting -= 1
        self._queue.appendleft(Gap(oldest.sequence, count))

    def _append_gap(self, sequence: int) -> None:
        last = self._queue[-1] if self._queue else None
        if isinstance(last, Gap):
            last.last, last.count = sequence, last.count + 1
        else:
            self._queue.append(Gap(sequence))

    def close(self) -> None:
        """Say that nothing more comes."""
        self.closed = True
        self._ring_consumer()

    # -- the consumer's side

    @property
    def has_message(self) -> bool:
        """Whether something waits in the queue."""
        return bool(self._queue)

    @property
    def at_end(self) -> bool:
        """Whether nothing is left and nothing more comes."""
        return self.closed and not self._queue

    @property
    def next_captured_ns(self) -> int | None:
        """When the next message was captured; None where none waits."""
        with self._lock:
            return next((each.captured_ns for each in self._queue if isinstance(each, Offer)), None)

    def take(self) -> Offer | Gap | None:
        """The next message, or what was dropped before it; None where nothing waits."""
        if not self._queue:
            return None
        with self._lock:
            first = self._queue.popleft()
            self._waiting -= isinstance(first, Offer)
        if isinstance(first, Offer) and self._waiting + 1 >= self._depth:
            self._ring_producer()  # there is room again
        return first

    def finish(self, offer: Offer) -> None:
        """Give the token back."""
        offer.message, offer.done = None, True
        self._ring_producer()

    def abandon(self) -> None:
        """Say that nothing more is taken, and no token comes back: the consumer is over. From any thread."""
        self.abandoned = True
        self._ring_producer()


def freeze(message: Any) -> None:
    """Set the arrays of a message read-only: what a routine returns it gives away.

    Raises:
        MessageError: it holds itself.
    """
    try:
        _freeze(message)
    except RecursionError:
        raise MessageError("cannot send this message: it is nested too deeply, or holds itself") from None


def _freeze(message: Any) -> None:
    if isinstance(message, np.ndarray):
        message.flags.writeable = False
    else:
        for value in _within(message):
            _freeze(value)


def _within(message: Any) -> Iterable[Any]:
    """What a part of a message is made of."""
    if isinstance(message, list | tuple):
        return message
    if isinstance(message, dict):
        return message.values()
    if isinstance(message, Data):
        return vars(message).values()
    if is_dataclass(message) and not isinstance(message, type):
        return (getattr(message, field.name) for field in fields(message))
    return (getattr(message, name) for name in getattr(message, "__struct_fields__", ()))

"""How much of this process, and through it of the daemon, clients may have at once: docs/http.md has the whole list.

One connection leads to the daemon, with room for 128 streams and calls, and what is more waits in silence. So there is
less of each kind than fits, and what is beyond is refused in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipertd.cockpit.problem import Problem
from pipertd.cockpit.rpcs import Right

MOST_STREAMS, STREAMS_OF_READERS = 48, 40
MOST_LOOKS, LOOKS_OF_READERS = 32, 24
MOST_CHANGES = 32
MOST_BODIES = 64  # that have not arrived yet; a place of the others is taken when they have
MOST_CONNECTIONS = 512
MOST_HEAD_BYTES = 16 * 1024  # a request's line and headers
MOST_BODY_BYTES = 1024 * 1024
HEAD_S = 10.0  # from a connection's begin, or its last answer, to a whole head
BODY_S = 10.0  # for a body to arrive
UNREAD_S = 20.0  # a client that does not read for so long is hung up on
PULSE_S = 15.0  # of silence in a stream, until something is said that nobody has to hear


class Places:
    """What is open of one kind; ``most`` in all, and ``most_of_readers`` for who may only look."""

    def __init__(self, what: str, most: int, most_of_readers: int | None = None) -> None:
        self._what, self._most = what, most
        self._most_of_readers = most if most_of_readers is None else most_of_readers
        self._open = self._of_readers = 0

    @contextmanager
    def taken(self, right: Right) -> Iterator[None]:
        """Hold a place.

        Raises:
            Problem: all are taken.
        """
        reads = right < Right.CONTROL
        if self._open >= self._most or (reads and self._of_readers >= self._most_of_readers):
            most = self._most_of_readers if reads else self._most
            raise Problem(
                429,
                "TOO_MANY_CALLS",
                f"cannot take one more: {most} {self._what} are open, which is the most; try again later",
                headers={"retry-after": "1"},
            )
        self._open += 1
        self._of_readers += reads
        try:
            yield
        finally:
            self._open -= 1
            self._of_readers -= reads

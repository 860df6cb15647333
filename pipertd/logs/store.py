"""What a store of log records is to those who use it, whatever it keeps them in.

They know a place in the logs by a cursor alone, which is the store's own to understand.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import Protocol

from pipertd.logs.record import EVERYTHING, LogFilter, LogRecord
from pipertd.names import Target
from pipertd.protocol import LogSpec

MOST_SEARCHES = 4  # for the newest records, at once
MOST_HELD = 256  # records, by one reader
MOST_HELD_LENGTH = 256 * 1024  # of all of them; what is read at once may take it to twice as much
TICK_S = 1.0


class Stretch(Protocol):
    """What was read at once: a few hundred records at most."""

    @property
    def cursor(self) -> str:
        """Behind everything that was looked at, wanted or not."""

    @property
    def is_last(self) -> bool:
        """Whether there was no more by then."""

    def records(self) -> Iterator[LogRecord]:
        """What is wanted, each with its own cursor."""


class LogStore(Protocol):
    """All records of a daemon and its flows, for any number of readers; each may be slow, and holds few of them."""

    @property
    def where(self) -> str:
        """In words, for people."""

    @property
    def daemon_spec(self) -> LogSpec:
        """Where the daemon's records and all notices go."""

    def spec_of(self, pipeline: str, flow: str) -> LogSpec:
        """Where a flow's records and prints go."""

    async def has(self, target: Target) -> bool:
        """Whether anything was ever written there and is kept; a routine's records lie with its flow's.

        Raises:
            LogsUnreadable: that cannot be found out now.
        """

    def records(
        self, wanted: LogFilter = EVERYTHING, limit: int | None = None, cursor: str = ""
    ) -> AsyncGenerator[LogRecord, None]:
        """Records, the oldest first: the newest ``limit``, or with a cursor the next ``limit`` behind it.

        Raises:
            LogsUnreadable: they cannot be read now.
            ValueError: ``cursor`` is none of ours.
        """

    def follow(
        self, wanted: LogFilter = EVERYTHING, cursor: str = "", *, backlog: int = 0
    ) -> AsyncGenerator[Stretch, None]:
        """Records as they are written, for ever: behind ``cursor``, or else from the newest ``backlog`` on.

        A stretch comes whenever something was written, and every ``TICK_S`` in any case.

        Raises:
            LogsUnreadable: they cannot be read now.
            ValueError: ``cursor`` is none of ours.
        """

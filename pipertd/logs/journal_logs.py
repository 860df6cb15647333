"""Records in the system's journal, read as one log, which is the same that ``journalctl`` shows.

A cursor is the journal's own. What is behind one is read by a short run of journalctl, for a few hundred records: none
waits for a slow client. What is new comes to all who follow from one that goes on.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import NamedTuple

from pipertd.errors import LogsUnreadable
from pipertd.logs.journal_source import JournalSource, beginning
from pipertd.logs.journal_tail import JournalTail
from pipertd.logs.record import EVERYTHING, LogFilter, LogRecord
from pipertd.logs.store import MOST_HELD, MOST_HELD_LENGTH, MOST_SEARCHES, TICK_S
from pipertd.names import Target
from pipertd.protocol import LogSpec

_MOST_PASSED = 16 * MOST_HELD  # records that are not wanted, before the reader hears how far it has come
_MOST_FAILURES = 3  # of journalctl in a row, before a follower is told
_DISORDER_S = 10.0  # by how much the time of a record may be off the order of the journal
_CURSOR = re.compile(r"s=[0-9a-f]{32};i=[0-9a-f]{1,16};b=[0-9a-f]{32}(;[mtx]=[0-9a-f]{1,16}){3}")


class JournalStretch(NamedTuple):
    """What was read at once, in memory: see :class:`pipertd.logs.store.Stretch`."""

    found: list[LogRecord]
    cursor: str
    is_last: bool

    def records(self) -> Iterator[LogRecord]:
        """The records."""
        return iter(self.found)


class JournalLogs:
    """All that a daemon and its flows wrote into the journal."""

    def __init__(self, source: JournalSource) -> None:
        self._source = source
        self._few = asyncio.Semaphore(MOST_SEARCHES)
        self._tail: JournalTail | None = None

    @property
    def where(self) -> str:
        """The journal, and whose entries there."""
        return f"the journal, of {self._source.user_unit or self._source.unit or f'user {self._source.uid}'}"

    @property
    def daemon_spec(self) -> LogSpec:
        """The journal."""
        return LogSpec(kind="journal")

    def spec_of(self, pipeline: str, flow: str) -> LogSpec:  # noqa: ARG002 - all write into one
        """The journal."""
        return LogSpec(kind="journal")

    async def has(self, target: Target) -> bool:
        """Whether the journal has any record there, by its indexes: what was only printed does not count."""
        said = [f"PIPERTD_PIPELINE={target.pipeline}", *([f"PIPERTD_FLOW={target.flow}"] if target.flow else [])]
        async with self._few, aclosing(self._source.read("--reverse", *said)) as records:
            return await anext((True async for _ in records), False)

    async def records(
        self, wanted: LogFilter = EVERYTHING, limit: int | None = None, cursor: str = ""
    ) -> AsyncGenerator[LogRecord, None]:
        """The newest ``limit``, or with a cursor the next ``limit`` behind it.

        Raises:
            LogsUnreadable: the journal cannot be read.
            ValueError: ``cursor`` is none of the journal's.
        """
        given = 0
        found = self._from(_checked(cursor), wanted) if cursor or limit is None else self._newest(wanted, limit)
        async with aclosing(found) as stretches:
            async for stretch in stretches:
                for record in stretch.found:
                    if given == limit:
                        return
                    yield record
                    given += 1

    async def follow(
        self, wanted: LogFilter = EVERYTHING, cursor: str = "", *, backlog: int = 0
    ) -> AsyncGenerator[JournalStretch, None]:
        """As they come, for ever: behind ``cursor``, or else from the newest ``backlog`` on.

        Raises:
            LogsUnreadable: the journal cannot be read.
            ValueError: ``cursor`` is none of the journal's.
        """
        place = _checked(cursor)
        async with self._following() as tail:
            if not place:
                async with self._few:
                    place = await self._source.newest()
                async with aclosing(self._newest(wanted, backlog, place)) as stretches:
                    async for stretch in stretches:
                        yield stretch._replace(is_last=False)
            failures = 0
            while True:
                grown = tail.grown
                try:
                    stretch = _held(tail, place, wanted) or await self._behind(place, wanted)
                    failures = 0
                except LogsUnreadable:  # somebody killed it, or there was no room for it just then
                    failures += 1
                    if failures == _MOST_FAILURES:
                        raise
                    stretch = JournalStretch([], place, is_last=True)
                place = stretch.cursor
                yield stretch
                if stretch.is_last:
                    await _set_within(grown, TICK_S)

    @asynccontextmanager
    async def _following(self) -> AsyncIterator[JournalTail]:
        tail = self._tail = self._tail or JournalTail(self._source)
        tail.followers += 1
        try:
            yield tail
        finally:
            tail.followers -= 1
            if not tail.followers:
                self._tail = None
                await tail.close()

    async def _newest(self, wanted: LogFilter, limit: int, last: str = "") -> AsyncGenerator[JournalStretch, None]:
        """The newest ``limit`` up to ``last``: they are counted backwards, and read forwards."""
        place, left = await self._search(wanted, limit, last) if limit else ("", 0)
        while left:
            stretch = await self._behind(place, wanted, matching=wanted)
            found, place = stretch.found[:left], stretch.cursor
            is_last = stretch.is_last or len(found) == left
            yield JournalStretch(found, found[-1].cursor if len(found) == left else place, is_last)
            left = 0 if is_last else left - len(found)

    async def _search(self, wanted: LogFilter, limit: int, last: str) -> tuple[str, int]:
        """Behind which cursor the newest ``limit`` come, and how many there are indeed."""
        count = 0
        async with self._few, aclosing(self._source.read("--reverse", *beginning(last), wanted=wanted)) as records:
            async for record in records:
                is_older = wanted.since_s is not None and record.time_s < wanted.since_s - _DISORDER_S
                if is_older or count == limit:
                    return record.cursor, count
                count += wanted.wants(record)
        return "", count

    async def _from(self, place: str, wanted: LogFilter) -> AsyncGenerator[JournalStretch, None]:
        """All behind a place that is there now."""
        is_last = False
        while not is_last:
            stretch = await self._behind(place, wanted)
            place, is_last = stretch.cursor, stretch.is_last
            yield stretch

    async def _behind(self, place: str, wanted: LogFilter, matching: LogFilter = EVERYTHING) -> JournalStretch:
        """The next few hundred records behind a place; a record says so where that one is gone.

        Of what does not match, nothing is looked at: the place has to be one that does.
        """
        found: list[LogRecord] = []
        cursor, passed, length = place, 0, 0
        async with self._few, aclosing(self._source.read(*beginning(place), wanted=matching)) as records:
            async for record in records:
                if record.cursor == place:
                    passed += 1
                    continue
                if place and not passed:
                    found.append(_gap(place, record.time_s))
                cursor, passed = record.cursor, passed + 1
                if wanted.wants(record):
                    found.append(record)
                    length += record.length
                if len(found) >= MOST_HELD or length >= MOST_HELD_LENGTH or passed >= _MOST_PASSED:
                    return JournalStretch(found, cursor, is_last=False)
        if place and not passed:  # and nothing came after it: whoever goes on begins with what comes next
            return JournalStretch([_gap(place, 0.0)], "", is_last=True)
        return JournalStretch(found, cursor, is_last=True)


def _held(tail: JournalTail, place: str, wanted: LogFilter) -> JournalStretch | None:
    """What the tail has behind a place, if it knows that."""
    found = tail.behind(place)
    if found is None:
        return None
    return JournalStretch(list(filter(wanted.wants, found)), found[-1].cursor if found else place, is_last=True)


def _checked(cursor: str) -> str:
    if cursor and not _CURSOR.fullmatch(cursor):
        raise ValueError(f"cannot read cursor {cursor[:60]!r}: it is none of the journal's")
    return cursor


def _gap(place: str, time_s: float) -> LogRecord:
    text = "records were removed before they were read here: the journal had no more room for them"
    return LogRecord(time_s, logging.WARNING, "", "", "", 0, __name__, text, cursor=place)


async def _set_within(event: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()

"""The newest records of the journal, from one ``journalctl --follow`` for all who follow.

It holds a few hundred, and knows which come behind a cursor. Whoever is further behind reads the journal for itself
until its place is known here, also while journalctl is started again: nothing is queued for anybody, and nothing is
lost for who is slow.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import aclosing, suppress
from itertools import islice

from pipertd.errors import LogsUnreadable
from pipertd.logs.journal_source import JournalSource
from pipertd.logs.record import LogRecord
from pipertd.logs.store import MOST_HELD, MOST_HELD_LENGTH, TICK_S


class JournalTail:
    """Reads from its construction to :meth:`close`, on the loop that it was made in.

    Attributes:
        followers: how many there are.
        grown: set when there is more than before; another one then takes its place.
    """

    def __init__(self, source: JournalSource) -> None:
        self.followers = 0
        self.grown = asyncio.Event()
        self._source = source
        self._held: deque[LogRecord] = deque()
        self._before = ""  # the cursor before the first one that is held
        self._length = 0  # of all that are held
        self._count = 0  # of all records that came
        self._counts: dict[str, int] = {}  # of those that came up to a cursor, where all behind it are held
        self._reading = asyncio.create_task(self._read())

    async def close(self) -> None:
        """Let journalctl end."""
        self._reading.cancel()
        await asyncio.wait([self._reading])

    def behind(self, cursor: str) -> list[LogRecord] | None:
        """What came behind a cursor; None where that place is not known here."""
        count = self._counts.get(cursor)
        return None if count is None else list(islice(self._held, len(self._held) - (self._count - count), None))

    async def _read(self) -> None:
        while True:
            try:
                with suppress(LogsUnreadable):  # followers find out for themselves meanwhile
                    await self._follow(await self._source.newest())
            finally:
                self._counts.clear()  # whatever ended it: followers read for themselves from now on
            await asyncio.sleep(TICK_S)

    async def _follow(self, place: str) -> None:
        self._begin(place)
        async with aclosing(self._source.follow(place)) as records:
            async for record in records:
                if record.cursor != place:
                    self._take(record)

    def _begin(self, place: str) -> None:
        self._held.clear()
        self._length = 0
        self._before, self._counts = place, {place: self._count}
        self._tell()

    def _take(self, record: LogRecord) -> None:
        self._held.append(record)
        self._count += 1
        self._length += record.length
        self._counts[record.cursor] = self._count
        while len(self._held) > MOST_HELD or (self._length > MOST_HELD_LENGTH and len(self._held) > 1):
            self._forget_oldest()
        self._tell()

    def _forget_oldest(self) -> None:
        oldest = self._held.popleft()
        del self._counts[self._before]
        self._before = oldest.cursor
        self._length -= oldest.length

    def _tell(self) -> None:
        self.grown.set()
        self.grown = asyncio.Event()

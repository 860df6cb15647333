"""Records in files, read as one log: of all flows and of the daemon in one order, followed and resumed by cursor.

A cursor names, for every series of files, the file and the offset up to which it was read; it stays valid when files
are turned over and when the daemon is started again. Reads block: the daemon makes them in a thread.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pipertd.logs.growth import POLL_S, Growth
from pipertd.logs.record import EVERYTHING, LogFilter, LogRecord
from pipertd.logs.series import Series
from pipertd.logs.store import MOST_SEARCHES, TICK_S
from pipertd.logs.walk import Start, Stretch, Walk, decode_cursor, encode_cursor, newest
from pipertd.names import Target
from pipertd.protocol import LogSpec

DAEMON_FILE = "DAEMON.log"
T = TypeVar("T")


class FileLogs:
    """All records below one folder, for any number of readers; keeps nothing in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._growth = Growth(folder)
        self._turn = asyncio.Lock()
        self._searches = asyncio.Semaphore(MOST_SEARCHES)

    def flow_file(self, pipeline: str, flow: str) -> Path:
        """Where a flow's records, prints and stacks go."""
        return self.folder / pipeline / f"{flow}.log"

    @property
    def daemon_file(self) -> Path:
        """Where the daemon's records and all notices go."""
        return self.folder / DAEMON_FILE

    @property
    def where(self) -> str:
        """The folder."""
        return f"files in {self.folder}"

    @property
    def daemon_spec(self) -> LogSpec:
        """The daemon's file."""
        return LogSpec(kind="file", path=str(self.daemon_file))

    def spec_of(self, pipeline: str, flow: str) -> LogSpec:
        """A flow's file."""
        return LogSpec(kind="file", path=str(self.flow_file(pipeline, flow)))

    async def has(self, target: Target) -> bool:
        """Whether anything was ever written there; a routine's records lie with its flow's."""
        folder = self.folder / target.pipeline
        return folder.is_dir() if target.flow is None else self.flow_file(target.pipeline, target.flow).exists()

    def read(self, wanted: LogFilter = EVERYTHING, limit: int | None = None, cursor: str = "") -> list[LogRecord]:
        """Records in the order of their times: the newest ``limit``, or with a cursor the next ``limit`` behind it.

        For a program that has no loop, or no other reader: it blocks, and holds them all.

        Raises:
            ValueError: ``cursor`` is none of ours.
        """
        begin = next(found for found in self._begin(wanted, limit, cursor) if found is not None)
        walk = self._walk(wanted, begin)
        records: list[LogRecord] = []
        is_last = False
        while not is_last and (limit is None or len(records) < limit):
            stretch = walk.step()
            records += stretch.records()
            is_last = stretch.is_last
        return records[:limit]

    def end(self, wanted: LogFilter = EVERYTHING) -> str:
        """The cursor behind everything that is written now."""
        return encode_cursor({one.name: one.end() for one in self._series(wanted)})

    async def records(
        self, wanted: LogFilter = EVERYTHING, limit: int | None = None, cursor: str = ""
    ) -> AsyncGenerator[LogRecord, None]:
        """As :meth:`read`, for any number of readers who may be slow: each holds a few hundred records.

        Raises:
            ValueError: ``cursor`` is none of ours.
        """
        walk = self._walk(wanted, await self._begun(wanted, limit, cursor))
        given, is_last = 0, False
        while not is_last:
            stretch = await self._stretch(walk)
            for record in stretch.records():
                if given == limit:
                    return
                yield record
                given += 1
            is_last = stretch.is_last

    async def follow(
        self, wanted: LogFilter = EVERYTHING, cursor: str = "", *, backlog: int = 0
    ) -> AsyncGenerator[Stretch, None]:
        """Records as they are written, for ever: behind ``cursor``, or else from the newest ``backlog`` on.

        A stretch comes whenever something was written, and every ``TICK_S`` in any case.

        Raises:
            ValueError: ``cursor`` is none of ours.
        """
        walk = self._walk(wanted, await self._begun(wanted, backlog, cursor))
        while True:
            seen = self._growth.seen
            stretch = await self._stretch(walk)
            yield stretch
            while stretch.is_last and not await self._has_grown(seen):
                yield stretch._replace(found=[])

    async def _has_grown(self, seen: int) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(TICK_S):
                await self._growth.beyond(seen)
                return True
        return False

    async def _begun(self, wanted: LogFilter, limit: int | None, cursor: str) -> Start:
        """Where to begin; few search for that at once, each step of it in turn with all other readers'."""
        search = self._begin(wanted, limit, cursor)
        async with self._searches:
            while (begin := await self._in_turn(lambda: next(search))) is None:
                pass
        return begin

    async def _stretch(self, walk: Walk) -> Stretch:
        while True:
            try:
                return await self._in_turn(walk.step)
            except OSError as reason:
                if reason.errno not in (errno.EMFILE, errno.ENFILE):
                    raise
                await asyncio.sleep(POLL_S)  # no descriptor is free now: what waits is read a little later

    async def _in_turn(self, blocking: Callable[[], T]) -> T:
        """On a thread, one of all readers' at a time: more are no faster, and keep the loop from its own turn."""
        async with self._turn:
            return await asyncio.to_thread(blocking)

    def _begin(self, wanted: LogFilter, limit: int | None, cursor: str) -> Iterator[Start | None]:
        """Where to begin, at last; None behind each step of the search for it."""
        if cursor:
            return iter([Start(decode_cursor(cursor), 0)])
        if limit is None:
            return iter([Start({}, 0)])
        return newest(self._series(wanted), wanted, limit)

    def _walk(self, wanted: LogFilter, begin: Start) -> Walk:
        return Walk(lambda: self._series(wanted), wanted, begin)

    def _series(self, wanted: LogFilter) -> list[Series]:
        found = [Series("", self.daemon_file)]
        for path in sorted(self.folder.glob("*/*.log")):
            pipeline, flow = path.parent.name, path.stem
            if wanted.wants_flow(pipeline, flow):
                found.append(Series(f"{pipeline}/{flow}", path, pipeline, flow))
        return found

"""The reading end: records of all flows and of the daemon in one order, followed and resumed by cursor.

A cursor names, for every series of files, the file and the offset up to which it was read; it stays valid when files
are turned over and when the daemon is started again. Reads block: the daemon makes them in a thread.
"""

from __future__ import annotations

import asyncio
import errno
import heapq
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pipertd.logs.growth import POLL_S, Growth
from pipertd.logs.record import LogFilter, LogRecord
from pipertd.logs.series import Found, Position, Series
from pipertd.names import Target

DAEMON_FILE = "DAEMON.log"
_EVERYTHING = LogFilter()
_Positions = dict[str, Position]


class LogStore:
    """All records below one folder, for any number of readers; keeps nothing in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._growth = Growth(folder)

    def flow_file(self, pipeline: str, flow: str) -> Path:
        """Where a flow's records, prints and stacks go."""
        return self.folder / pipeline / f"{flow}.log"

    @property
    def daemon_file(self) -> Path:
        """Where the daemon's records and all notices go."""
        return self.folder / DAEMON_FILE

    def has(self, target: Target) -> bool:
        """Whether anything was ever written there; a routine's records lie with its flow's."""
        folder = self.folder / target.pipeline
        return folder.is_dir() if target.flow is None else self.flow_file(target.pipeline, target.flow).exists()

    def read(self, wanted: LogFilter = _EVERYTHING, limit: int | None = None, cursor: str = "") -> list[LogRecord]:
        """Records in the order of their times: the newest ``limit``, or with a cursor the next ``limit`` behind it.

        Raises:
            ValueError: ``cursor`` is none of ours.
        """
        if cursor:
            positions = _decode_cursor(cursor)
            records: list[LogRecord] = []
            while limit is None or len(records) < limit:
                found, behind = self._read_behind(wanted, positions)
                records += _with_cursors(found, positions)
                if behind == positions:
                    break
                positions = behind
            return records[:limit]
        return self._read_newest(wanted, limit, {})

    def end(self, wanted: LogFilter = _EVERYTHING) -> str:
        """The cursor behind everything that is written now."""
        return _encode_cursor({one.name: one.end() for one in self._series(wanted)})

    async def follow(
        self, wanted: LogFilter = _EVERYTHING, cursor: str = "", *, backlog: int = 0
    ) -> AsyncIterator[LogRecord]:
        """Records as they are written, for ever: behind ``cursor``, or else from the newest ``backlog`` on.

        Raises:
            ValueError: ``cursor`` is none of ours.
        """
        positions = _decode_cursor(cursor or await asyncio.to_thread(self.end, wanted))
        if backlog and not cursor:
            for record in await asyncio.to_thread(self._read_newest, wanted, backlog, positions):
                yield record
        while True:
            seen = self._growth.seen
            try:
                found, behind = await asyncio.to_thread(self._read_behind, wanted, positions)
            except OSError as reason:
                if reason.errno not in (errno.EMFILE, errno.ENFILE):
                    raise
                await asyncio.sleep(POLL_S)  # no descriptor is free now: what waits is read a little later
                continue
            for record in _with_cursors(found, positions):
                yield record
            if behind == positions:  # all that was there
                await self._growth.beyond(seen)
            positions = behind

    def _read_behind(self, wanted: LogFilter, positions: _Positions) -> tuple[list[Found], _Positions]:
        parts, behind = [], dict(positions)
        for one in self._series(wanted):
            part, behind[one.name] = one.read_from(positions.get(one.name, Position()), wanted)
            parts.append(part)
        return _merge(parts), behind

    def _read_newest(self, wanted: LogFilter, limit: int | None, positions: _Positions) -> list[LogRecord]:
        """The newest ``limit``; moves ``positions`` behind what was read, so that nothing comes twice."""
        parts = []
        for one in self._series(wanted):
            part, positions[one.name] = one.read_newest(limit, wanted)
            parts.append(part)
        found = _merge(parts)
        first = 0 if limit is None else max(0, len(found) - limit)
        return list(_with_cursors(found[first:], {skipped.series: skipped.position for skipped in found[:first]}))

    def _series(self, wanted: LogFilter) -> list[Series]:
        found = [Series("", self.daemon_file)]
        for path in sorted(self.folder.glob("*/*.log")):
            pipeline, flow = path.parent.name, path.stem
            if wanted.wants_flow(pipeline, flow):
                found.append(Series(f"{pipeline}/{flow}", path, pipeline, flow))
        return found


def _merge(parts: Iterable[list[Found]]) -> list[Found]:
    """In the order of time; the order within one series stays even where the clock jumped back."""

    def keyed(found: list[Found], place: int) -> Iterator[tuple[float, int, int, Found]]:
        latest = float("-inf")
        for number, item in enumerate(found):
            latest = max(latest, item.record.time_s)
            yield latest, place, number, item

    return [item for *_, item in heapq.merge(*(keyed(found, place) for place, found in enumerate(parts)))]


def _with_cursors(found: Iterable[Found], before: _Positions) -> Iterator[LogRecord]:
    positions = dict(before)
    for item in found:
        positions[item.series] = item.position
        yield replace(item.record, cursor=_encode_cursor(positions))


def _encode_cursor(positions: _Positions) -> str:
    return ",".join(":".join((name, *map(str, position))) for name, position in sorted(positions.items()))


def _decode_cursor(cursor: str) -> _Positions:
    positions: _Positions = {}
    try:
        for part in cursor.split(","):
            name, inode, offset, check = part.split(":")
            positions[name] = Position(int(inode), int(offset), int(check))
    except ValueError as reason:
        raise ValueError(f"cannot read cursor {cursor!r}: it is none of this daemon's") from reason
    return positions

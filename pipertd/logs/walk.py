"""One reader's way through all series at once, in the order of time and in bounded steps.

A step reads a little of each series that has nothing in store, and gives what is certain to come next: as long as a
series has more than was read of it, nothing later than what was looked at there may be given. So a reader holds a few
hundred records, however many there are and however slow its client is, and one verbose flow runs ahead of nobody.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pipertd.logs.record import LogFilter, LogRecord
from pipertd.logs.series import Found, Line, Position, Series
from pipertd.logs.store import MOST_HELD

LEAST_OF_EACH = 8  # of the MOST_HELD of all series together
_MOST_OFFSET = 1 << 62
Positions = dict[str, Position]


class Stretch(NamedTuple):
    """What was read at once: what is behind ``before`` and wanted, the cursor behind all, and whether that is all."""

    found: list[Found]
    before: Positions
    cursor: str
    is_last: bool

    def records(self) -> Iterator[LogRecord]:
        """The records; each gets its cursor when it is given, because cursors take more room than records do."""
        positions = dict(self.before)
        for one in self.found:
            positions[one.series] = one.position
            yield replace(one.record, cursor=encode_cursor(positions))


class Start(NamedTuple):
    """Where the newest records begin, and how many of them are one line with older ones."""

    positions: Positions
    surplus: int


@dataclass
class _Ahead:
    """What was read ahead of one series; ``position`` is behind it."""

    position: Position
    found: deque[tuple[float, Found]] = field(default_factory=deque)
    latest_s: float = float("-inf")  # never goes back, also where the clock did: the order within a series stays
    is_more: bool = True
    size: tuple[int, int] = (0, 0)

    def fill(self, series: Series, wanted: LogFilter, most: int) -> None:
        size = series.size()
        if self.found or not (self.is_more or size != self.size):
            return
        part = series.read_from(self.position, wanted, most)
        for one in part.found:
            self.latest_s = max(self.latest_s, one.record.time_s)
            self.found.append((self.latest_s, one))
        self.latest_s = max(self.latest_s, part.looked_s)
        self.position, self.is_more, self.size = part.position, part.is_more, size


class Walk:
    """Goes forward from ``begin``; ``series`` tells which there are by now."""

    def __init__(self, series: Callable[[], Sequence[Series]], wanted: LogFilter, begin: Start) -> None:
        self._series = series
        self._wanted = wanted
        self._positions, self._surplus = begin
        self._ahead: dict[str, _Ahead] = {}

    def step(self) -> Stretch:
        """The next records: blocks, but not for long; none does not mean that there are no more."""
        all_series = self._series()
        most = max(LEAST_OF_EACH, MOST_HELD // len(all_series))
        for one in all_series:
            ahead = self._ahead.setdefault(one.name, _Ahead(self._positions.get(one.name, Position())))
            ahead.fill(one, self._wanted, most)
        found = self._certain()
        before = self._positions | {one.series: one.position for one in found[: self._surplus]}
        self._positions = before | {one.series: one.position for one in found}
        for name, ahead in self._ahead.items():
            if not ahead.found:
                self._positions[name] = ahead.position
        is_last = not any(ahead.found or ahead.is_more for ahead in self._ahead.values())
        found, self._surplus = found[self._surplus :], max(0, self._surplus - len(found))
        return Stretch(found, before, encode_cursor(self._positions), is_last)

    def _certain(self) -> list[Found]:
        horizon_s = min((ahead.latest_s for ahead in self._ahead.values() if ahead.is_more), default=float("inf"))
        parts = [_taken(ahead.found, horizon_s, place) for place, ahead in enumerate(self._ahead.values())]
        return [found for *_, found in heapq.merge(*parts)]


def _taken(found: deque[tuple[float, Found]], horizon_s: float, place: int) -> list[tuple[float, int, int, Found]]:
    taken: list[tuple[float, int, int, Found]] = []
    while found and found[0][0] <= horizon_s:
        time_s, one = found.popleft()
        taken.append((time_s, place, len(taken), one))
    return taken


def newest(series: Sequence[Series], wanted: LogFilter, limit: int) -> Iterator[Start | None]:
    """Where to begin to read the newest ``limit``; None behind each step of the search: it blocks, but not for long."""
    positions = {one.name: one.end() for one in series}
    lines = {one.name: one.backwards(wanted) for one in series} if limit else {}
    first: dict[str, Line] = {}
    heads: list[tuple[float, str, Line]] = []
    for name, each in lines.items():
        yield from _push(heads, name, each)
    found = 0
    while heads and found < limit:
        _, name, first[name] = heapq.heappop(heads)
        found += first[name].records
        yield from _push(heads, name, lines[name])
    positions |= {one.name: one.position_before(first[one.name]) for one in series if one.name in first}
    yield Start(positions, max(0, found - limit))


def _push(heads: list[tuple[float, str, Line]], name: str, lines: Iterator[Line | None]) -> Iterator[None]:
    for line in lines:
        if line is not None:
            heapq.heappush(heads, (-line.time_s, name, line))
            return
        yield


def encode_cursor(positions: Positions) -> str:
    """Positions as text, which is nobody's to understand but ours."""
    return ",".join(":".join((name, *map(str, position))) for name, position in sorted(positions.items()))


def decode_cursor(cursor: str) -> Positions:
    """The positions that a cursor names.

    Raises:
        ValueError: it is none of ours.
    """
    positions: Positions = {}
    try:
        for part in cursor.split(","):
            name, inode, offset, check = part.split(":")
            positions[name] = Position(int(inode), int(offset), int(check))
            if not 0 <= positions[name].offset < _MOST_OFFSET:
                raise ValueError(f"offset {offset}")  # noqa: TRY301 - as any other word that is no offset
    except ValueError as reason:
        raise ValueError(f"cannot read cursor {cursor[:60]!r}: it is none of this daemon's") from reason
    return positions

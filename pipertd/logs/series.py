"""The files of one writer: the one in use and those that were turned over, read as one stretch of records."""

from __future__ import annotations

import logging
import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pipertd.logs.parse import begins_printed, first_record, last_record, no_record, parse
from pipertd.logs.record import LogFilter, LogRecord
from pipertd.logs.writer import KEPT_FILES, old_file
from pipertd.regular import NotRegular, open_regular

MOST_AT_ONCE = 256 * 1024  # bytes: what a reader takes from a file at a time
PIECE_BYTES = 32 * 1024  # what it looks at in one step when it searches backwards
_MOST_LOOKED_BACK = 1024 * 1024  # bytes: where the record before a print is looked for; stacks are shorter
_CHECKED_BYTES = 64


class Position(NamedTuple):
    """Up to where a series was read; nothing was, where all of it is 0.

    A deleted file's inode is soon another's: ``check`` is the CRC of the bytes before ``offset``. So nobody stands at
    the beginning of a file, but at the end of the one before.
    """

    inode: int = 0
    offset: int = 0
    check: int = 0


class Found(NamedTuple):
    """A record and the position behind it in its series."""

    series: str
    position: Position
    record: LogRecord


class Part(NamedTuple):
    """What was found behind a position, and where the next part begins.

    ``looked_s`` is the latest time that was seen on the way; ``is_more`` says that more is there already.
    """

    found: list[Found]
    position: Position
    looked_s: float
    is_more: bool


class Line(NamedTuple):
    """Where a line with so many wanted records begins, and the time of the last of them."""

    time_s: float
    inode: int
    offset: int
    records: int


class _Parsed(NamedTuple):
    found: list[Found]
    length: int  # of what was looked at, in whole lines
    looked_s: float
    is_cut: bool


@dataclass(frozen=True)
class Series:
    """All that one writer wrote and that is still kept; ``name`` is PIPELINE/FLOW, or empty for the daemon's."""

    name: str
    path: Path
    pipeline: str = ""
    flow: str = ""

    def size(self) -> tuple[int, int]:
        """Inode and size of the file in use: as long as they stay there is nothing new."""
        try:
            status = self.path.stat()
        except OSError:  # it is not there, or a link to itself
            return 0, 0
        return (status.st_ino, status.st_size) if stat.S_ISREG(status.st_mode) else (0, 0)

    def end(self) -> Position:
        """Behind the last whole line that is there now: the rest of another may be on its way."""
        with ExitStack() as stack:
            return next(filter(None, map(_end, reversed(self._open(stack)))), Position())

    def read_from(self, position: Position, wanted: LogFilter, most: int | None = None) -> Part:
        """What is wanted behind ``position``: of ``MOST_AT_ONCE`` bytes, and ``most`` records or a line's few more.

        Where the file of ``position`` is no longer kept, a record says so and the oldest kept one follows.
        """
        found: list[Found] = []
        looked_s, is_more = float("-inf"), False
        with ExitStack() as stack:
            files = self._open(stack)
            known = [index for index, file in enumerate(files) if _holds(file, position)]
            begin = known[0] if known else 0
            if position.inode and not known:
                found.append(self._gap(files))
            for index, file in enumerate(files[begin:], begin):
                offset = position.offset if known and index == begin else 0
                data = _read(file, offset, MOST_AT_ONCE)
                is_more = len(data) == MOST_AT_ONCE
                if is_more and b"\n" not in data:
                    data += b"\n"  # a print without an end: shown in pieces
                left = None if most is None else most - len(found)
                part = self._parse(files[: index + 1], offset, data, wanted, left)
                found += part.found
                looked_s = max(looked_s, part.looked_s)
                if offset + part.length:
                    position = _position(file, offset + min(part.length, MOST_AT_ONCE))
                is_more = is_more or part.is_cut
                if is_more:
                    break  # the rest of this file comes before the next one
        return Part(found, position, looked_s, is_more)

    def backwards(self, wanted: LogFilter) -> Iterator[Line | None]:
        """The lines with something wanted, the newest first, and None behind each piece that was looked at.

        No file stays open between two of them.
        """
        place: tuple[int, int] | None = None
        while True:
            with ExitStack() as stack:
                files = self._open(stack)
                piece = _piece_before(files, place)
                if piece is None:
                    return
                index, start, below = piece
                file = files[index]
                place = os.fstat(file.fileno()).st_ino, start
                found = self._parse(files[: index + 1], start, _read(file, start, below - start), wanted).found
            yield from reversed(_lines(found, start))
            yield None

    def position_before(self, line: Line) -> Position:
        """Where a line begins; the beginning of all that is kept, where its file is not any more."""
        before = Position()
        with ExitStack() as stack:
            for file in self._open(stack):
                if os.fstat(file.fileno()).st_ino == line.inode:
                    return _position(file, line.offset) if line.offset else before
                before = _end(file) or before
        return Position()

    def _open(self, stack: ExitStack) -> list[BinaryIO]:
        """All files of the series, oldest first; tried again when the writer turned over meanwhile."""
        paths = (*(old_file(self.path, number) for number in range(KEPT_FILES, 0, -1)), self.path)
        while True:
            opened = {path: file for path in paths if (file := _opened(path, stack))}
            inodes = {path: os.fstat(file.fileno()).st_ino for path, file in opened.items()}
            if len(set(inodes.values())) == len(inodes) and inodes.get(self.path, 0) == self.size()[0]:
                return list(opened.values())
            stack.close()

    def _parse(
        self, files: list[BinaryIO], offset: int, data: bytes, wanted: LogFilter, most: int | None = None
    ) -> _Parsed:
        """What is wanted of ``data``, which stands in the last of ``files`` at ``offset``."""
        file = files[-1]
        status = os.fstat(file.fileno())
        before = _read(file, max(0, offset - _CHECKED_BYTES), min(offset, _CHECKED_BYTES))
        checked = before + data
        found: list[Found] = []
        looked_at, looked_s = 0, float("-inf")
        for end, record in parse(data, self._before(files, offset, data)):
            if most is not None and len(found) >= most and end != looked_at:
                return _Parsed(found, looked_at, looked_s, is_cut=True)
            looked_at, looked_s = end, max(looked_s, record.time_s)
            if wanted.wants(record):
                behind = len(before) + end
                check = zlib.crc32(checked[max(0, behind - _CHECKED_BYTES) : behind])
                found.append(Found(self.name, Position(status.st_ino, offset + end, check), record))
        return _Parsed(found, data.rfind(b"\n") + 1, looked_s, is_cut=False)

    def _before(self, files: list[BinaryIO], offset: int, data: bytes) -> LogRecord:
        """The record before ``data``; where none is near, one with the time of the first in it, or of the file."""
        if data and begins_printed(data):
            for most in (PIECE_BYTES, _MOST_LOOKED_BACK):
                if record := _record_before(files, offset, most):
                    return record
            if record := first_record(data):
                return no_record(self.pipeline, self.flow, record.time_s)
        return no_record(self.pipeline, self.flow, os.fstat(files[-1].fileno()).st_mtime)

    def _gap(self, files: list[BinaryIO]) -> Found:
        text = "records were removed before they were read here: the log was turned over too often"
        time_s = os.fstat(files[0].fileno()).st_mtime if files else 0.0
        record = LogRecord(time_s, logging.WARNING, self.pipeline, self.flow, "", 0, __name__, text)
        return Found(self.name, _position(files[0], 0) if files else Position(), record)


def _opened(path: Path, stack: ExitStack) -> BinaryIO | None:
    """None where there is no file: what somebody put there in its place is none of ours to read."""
    try:
        return stack.enter_context(os.fdopen(open_regular(path), "rb"))
    except (FileNotFoundError, NotRegular):
        return None


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    return os.pread(file.fileno(), length, offset)


def _record_before(files: list[BinaryIO], offset: int, most: int) -> LogRecord | None:
    """The last record in the ``most`` bytes before ``offset`` in the last of ``files``; those before it count too."""
    for file in reversed(files):
        below = offset if file is files[-1] else os.fstat(file.fileno()).st_size
        start = max(0, below - most)
        if record := last_record(_read(file, start, below - start)):
            return record
        most -= below - start
    return None


def _line_start(file: BinaryIO, offset: int, below: int) -> int:
    """Where the first line at or behind ``offset`` begins; ``offset`` where none does before ``below``."""
    if not offset:
        return 0
    end = _read(file, offset - 1, below - offset + 1).find(b"\n")
    return offset + end if end >= 0 and offset + end < below else offset


def _piece_before(files: list[BinaryIO], place: tuple[int, int] | None) -> tuple[int, int, int] | None:
    """The index of the file, the begin and the end of the piece that ends at an inode's offset, or with everything."""
    ends = [(file, os.fstat(file.fileno())) for file in files]
    before = [(file, status.st_size) for file, status in ends]
    if place is not None:
        inodes = [status.st_ino for _, status in ends]
        if place[0] not in inodes:
            return None  # it was removed, and so is everything before it
        index = inodes.index(place[0])
        before = [*before[:index], (files[index], place[1])]
    for index, (file, below) in reversed(list(enumerate(before))):
        if below:
            return index, _line_start(file, max(0, below - PIECE_BYTES), below), below
    return None


def _lines(found: list[Found], start: int) -> list[Line]:
    """The lines of records; what lies between two of them is taken for the beginning of the later one."""
    lines = []
    for position, group in groupby(found, key=lambda one: one.position):
        records = [one.record for one in group]
        lines.append(Line(records[-1].time_s, position.inode, start, len(records)))
        start = position.offset
    return lines


def _position(file: BinaryIO, offset: int) -> Position:
    start = max(0, offset - _CHECKED_BYTES)
    check = zlib.crc32(os.pread(file.fileno(), offset - start, start))
    return Position(os.fstat(file.fileno()).st_ino, offset, check)


def _end(file: BinaryIO | None) -> Position | None:
    """Behind the last whole line, where there is one."""
    end = _whole(file) if file else 0
    return _position(file, end) if file and end else None


def _whole(file: BinaryIO) -> int:
    """Where the last whole line ends; one that is longer than what is read at once counts as whole."""
    size = os.fstat(file.fileno()).st_size
    start = max(0, size - MOST_AT_ONCE)
    found = _read(file, start, size - start).rfind(b"\n")
    return start + found + 1 if found >= 0 else size if start else 0


def _holds(file: BinaryIO, position: Position) -> bool:
    return _position(file, position.offset) == position

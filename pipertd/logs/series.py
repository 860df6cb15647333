"""The files of one writer: the one in use and those that were turned over, read as one stretch of records."""

from __future__ import annotations

import logging
import os
import zlib
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pipertd.logs.parse import parse
from pipertd.logs.record import LogFilter, LogRecord
from pipertd.logs.writer import KEPT_FILES, old_file

MOST_AT_ONCE = 256 * 1024  # bytes: what a reader of many records holds at a time
_CHECKED_BYTES = 64


class Position(NamedTuple):
    """Up to where a series was read.

    A deleted file's inode is soon another's: ``check`` is the CRC of the bytes before ``offset``.
    """

    inode: int = 0
    offset: int = 0
    check: int = 0


class Found(NamedTuple):
    """A record and the position behind it in its series."""

    series: str
    position: Position
    record: LogRecord


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
        except FileNotFoundError:
            return 0, 0
        return status.st_ino, status.st_size

    def end(self) -> Position:
        """Behind the last byte that is there now."""
        try:
            with self.path.open("rb") as file:
                return _position(file, os.fstat(file.fileno()).st_size)
        except FileNotFoundError:
            return Position()

    def read_from(self, position: Position, wanted: LogFilter) -> tuple[list[Found], Position]:
        """What is wanted behind ``position``, and the position behind all that was looked at: ``MOST_AT_ONCE`` bytes.

        Where the file of ``position`` is no longer kept, a record says so and the oldest kept one follows.
        """
        found: list[Found] = []
        with ExitStack() as stack:
            files = self._open(stack)
            known = [index for index, file in enumerate(files) if _holds(file, position)]
            if known:
                files = files[known[0] :]
            elif position.offset:
                found.append(self._gap(files))
            for file in files:
                offset = position.offset if known and file is files[0] else 0
                data = _read(file, offset, MOST_AT_ONCE)
                cut_off = len(data) == MOST_AT_ONCE
                if cut_off and b"\n" not in data:
                    data += b"\n"  # a print without an end: shown in pieces
                part, length = self._parse(file, offset, data, wanted)
                found += part
                position = _position(file, offset + min(length, MOST_AT_ONCE))
                if cut_off:
                    break  # the rest of this file comes before the next one
        return found, position

    def read_newest(self, limit: int | None, wanted: LogFilter) -> tuple[list[Found], Position]:
        """At least the newest ``limit`` that are wanted (older ones too), and the position behind all.

        Read backwards, so that a few records cost no more than they are.
        """
        found: list[Found] = []
        end: Position | None = None
        with ExitStack() as stack:
            for file in reversed(self._open(stack)):
                below = os.fstat(file.fileno()).st_size
                while below and (limit is None or len(found) < limit):
                    start = _line_start(file, max(0, below - MOST_AT_ONCE), below)
                    part, length = self._parse(file, start, _read(file, start, below - start), wanted)
                    end = end or _position(file, start + length)
                    found = part + found
                    below = start
                if limit is not None and len(found) >= limit:
                    break
        return found, end or Position()

    def _open(self, stack: ExitStack) -> list[BinaryIO]:
        """All files of the series, oldest first; tried again when the writer turned over meanwhile."""
        while True:
            files: list[BinaryIO] = []
            for path in (*(old_file(self.path, number) for number in range(KEPT_FILES, 0, -1)), self.path):
                try:
                    files.append(stack.enter_context(path.open("rb")))
                except FileNotFoundError:
                    continue
            inodes = [os.fstat(file.fileno()).st_ino for file in files]
            if len(set(inodes)) == len(inodes) and (not files or inodes[-1] == self.size()[0]):
                return files
            stack.close()

    def _parse(self, file: BinaryIO, offset: int, data: bytes, wanted: LogFilter) -> tuple[list[Found], int]:
        """What is wanted of ``data``, which stands in ``file`` at ``offset``, and how much of it is whole lines."""
        status = os.fstat(file.fileno())
        before = _read(file, max(0, offset - _CHECKED_BYTES), min(offset, _CHECKED_BYTES))
        checked = before + data
        found = []
        for end, record in parse(data, pipeline=self.pipeline, flow=self.flow, time_s=status.st_mtime):
            if wanted.wants(record):
                behind = len(before) + end
                check = zlib.crc32(checked[max(0, behind - _CHECKED_BYTES) : behind])
                found.append(Found(self.name, Position(status.st_ino, offset + end, check), record))
        return found, data.rfind(b"\n") + 1

    def _gap(self, files: list[BinaryIO]) -> Found:
        text = "records were removed before they were read here: the log was turned over too often"
        time_s = os.fstat(files[0].fileno()).st_mtime if files else 0.0
        record = LogRecord(time_s, logging.WARNING, self.pipeline, self.flow, "", 0, __name__, text)
        return Found(self.name, _position(files[0], 0) if files else Position(), record)


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    return os.pread(file.fileno(), length, offset)


def _line_start(file: BinaryIO, offset: int, below: int) -> int:
    """Where the first line at or behind ``offset`` begins; ``offset`` where none does before ``below``."""
    if not offset:
        return 0
    end = _read(file, offset - 1, below - offset + 1).find(b"\n")
    return offset + end if end >= 0 and offset + end < below else offset


def _position(file: BinaryIO, offset: int) -> Position:
    start = max(0, offset - _CHECKED_BYTES)
    check = zlib.crc32(os.pread(file.fileno(), offset - start, start))
    return Position(os.fstat(file.fileno()).st_ino, offset, check)


def _holds(file: BinaryIO, position: Position) -> bool:
    return _position(file, position.offset) == position

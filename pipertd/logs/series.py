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
                part, position = self._read_file(file, offset, wanted, MOST_AT_ONCE)
                found += part
                if position.offset - offset > MOST_AT_ONCE // 2:
                    break  # more in the next turn
        return found, position

    def read_newest(self, limit: int | None, wanted: LogFilter) -> tuple[list[Found], Position]:
        """At least the newest ``limit`` that are wanted (older ones too), and the position behind all."""
        found: list[Found] = []
        position = Position()
        with ExitStack() as stack:
            for number, file in enumerate(reversed(self._open(stack))):
                part, end = self._read_file(file, 0, wanted)
                found = part + found
                position = position if number else end
                if limit is not None and len(found) >= limit:
                    break
        return found, position

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

    def _read_file(
        self, file: BinaryIO, offset: int, wanted: LogFilter, most_bytes: int = -1
    ) -> tuple[list[Found], Position]:
        status = os.fstat(file.fileno())
        start = max(0, offset - _CHECKED_BYTES)
        file.seek(start)
        data = file.read(most_bytes if most_bytes < 0 else offset - start + most_bytes)
        found = []
        lines = data[offset - start :]
        if len(lines) == most_bytes and b"\n" not in lines:
            lines += b"\n"  # a print without an end: shown in pieces
        for end, record in parse(lines, pipeline=self.pipeline, flow=self.flow, time_s=status.st_mtime):
            if wanted.wants(record):
                check = zlib.crc32(data[max(0, offset - start + end - _CHECKED_BYTES) : offset - start + end])
                found.append(Found(self.name, Position(status.st_ino, offset + end, check), record))
        return found, _position(file, min(offset + lines.rfind(b"\n") + 1, start + len(data)))

    def _gap(self, files: list[BinaryIO]) -> Found:
        text = "records were removed before they were read here: the log was turned over too often"
        time_s = os.fstat(files[0].fileno()).st_mtime if files else 0.0
        record = LogRecord(time_s, logging.WARNING, self.pipeline, self.flow, "", 0, __name__, text)
        return Found(self.name, _position(files[0], 0) if files else Position(), record)


def _position(file: BinaryIO, offset: int) -> Position:
    start = max(0, offset - _CHECKED_BYTES)
    check = zlib.crc32(os.pread(file.fileno(), offset - start, start))
    return Position(os.fstat(file.fileno()).st_ino, offset, check)


def _holds(file: BinaryIO, position: Position) -> bool:
    return _position(file, position.offset) == position

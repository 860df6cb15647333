"""Bytes at the end of a log file, by records and prints alike, where the disk may be full.

A write may come short: it is gone on with. Where the rest finds no room, what was written is a torn line, and whoever
writes next ends it first, so that nothing else is read as a part of it.
"""

from __future__ import annotations

import os
import threading


class Appender:
    """What the records and the prints of one process are written with.

    Attributes:
        lost_bytes: of prints, that could not be written.
    """

    def __init__(self) -> None:
        self.lost_bytes = 0
        self._is_torn, self._ends_line = False, True
        self._counting = threading.RLock()  # a signal handler may print while the thread under it counts

    def append(self, fd: int, data: bytes) -> None:
        """Write ``data``, all of it.

        Raises:
            OSError: some of it could not be written.
        """
        self._write(fd, data)

    def append_print(self, fd: int, data: bytes) -> None:
        """Write ``data`` as far as that can be done; the rest is counted, and nobody is told."""
        try:
            self._write(fd, data)
        except _CameShort as short:
            with self._counting:
                self.lost_bytes += min(short.rest, len(data))

    def begin_in_child(self) -> None:
        """This is a child of a process one of whose threads may have been counting, and is not here."""
        self._counting = threading.RLock()

    def begin_file(self) -> None:
        """What comes next stands at the beginning of another file."""
        self._is_torn, self._ends_line = False, True

    def _write(self, fd: int, data: bytes) -> None:
        rest = b"\n" + data if self._is_torn else data
        try:
            while rest:
                written = os.write(fd, rest)
                self._ends_line = rest[written - 1 : written] == b"\n"
                rest = rest[written:]
            self._is_torn = False
        except OSError as reason:
            self._is_torn = not self._ends_line
            raise _CameShort(len(rest), reason) from reason


class _CameShort(OSError):
    """Raised with the bytes that are left where a write failed."""

    def __init__(self, rest: int, reason: OSError) -> None:
        super().__init__(reason.errno, reason.strerror)
        self.rest = rest


def end_last_line(fd: int) -> None:
    """End the last line of a file that gets no more of it: what was printed without an end is a line for readers too.

    Raises:
        OSError: there is no room for that.
    """
    size = os.fstat(fd).st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":
        os.write(fd, b"\n")


def file_of(fd: int) -> tuple[int, int] | None:
    """What tells the file behind a descriptor from all others, its device and inode; None where that is closed."""
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino

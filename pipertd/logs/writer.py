"""The writing end: a ``logging`` handler that appends one line a record and turns the file over when it is full.

A line of ours begins with the record separator (RFC 7464) and holds one JSON object; every other line in the file is a
print or a stack of user code, whose descriptors 1 and 2 are the same file. Each record is one ``write`` on a descriptor
opened with O_APPEND, so a kill leaves at most one torn line and the separator of the next record ends it. What finds no
room on the disk is lost, and counted, and said when there is room again.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from pipertd.logs.append import Appender, end_last_line, file_of
from pipertd.logs.content import Place, as_json, content_of, loss
from pipertd.regular import open_regular

RECORD_SEPARATOR = "\x1e"
MAX_FILE_BYTES = 4 * 1024 * 1024
KEPT_FILES = 4
_WHY_LOST = "the log file could not be written"
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT


def open_log(path: Path) -> int:
    """A descriptor that appends to ``path``, made with its folders where missing; close-on-exec."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return open_regular(path, _FLAGS)


class FileHandler(logging.Handler):
    """Appends records to one file; ``max_bytes`` None never turns it over (for a guest in another's file)."""

    def __init__(
        self,
        path: Path,
        *,
        pipeline: str = "",
        flow: str = "",
        generation: int = 0,
        max_bytes: int | None = MAX_FILE_BYTES,
    ) -> None:
        super().__init__()
        self._path = path
        self._place = Place(pipeline, flow, generation)
        self._max_bytes = max_bytes
        self.prints = Appender()
        self._lost = 0
        self._told_bytes = 0
        self._fd = open_log(path)

    def set_generation(self, generation: int) -> None:
        """Records are of this generation from now on."""
        self._place.generation = generation

    def emit(self, record: logging.LogRecord) -> None:
        """Append one record. What cannot be written (a full disk) is counted, and said as soon as there is room."""
        try:
            self.turn_over_if_full()
            self._tell_loss()
            self._append(encode(record, self._place))
        except OSError:
            self._lost += 1

    def tend(self) -> bool:
        """Turn the file over if it is full, and say what was lost if there is room. Whether it was turned over."""
        self.acquire()
        try:
            is_new = self.turn_over_if_full()
            with suppress(OSError):
                self._tell_loss()
            return is_new
        finally:
            self.release()

    def _tell_loss(self) -> None:
        """Say what was lost since this was said last. OSError: there is no room for that either."""
        records, lost_bytes = self._lost, self.prints.lost_bytes
        if records or lost_bytes != self._told_bytes:
            self._append(encode(loss(records, lost_bytes - self._told_bytes, _WHY_LOST), self._place))
            self._lost, self._told_bytes = 0, lost_bytes

    def turn_over_if_full(self) -> bool:
        """Start a new file when this one is full or was deleted; prints of user code follow into it. Whether it was.

        Where that cannot be done now (a full disk), the old one is kept.
        """
        self.acquire()
        try:
            return self._turn_over_if_full()
        except OSError:
            return False
        finally:
            self.release()

    def _turn_over_if_full(self) -> bool:
        if self._fd < 0:  # an author's logging.shutdown or dictConfig closed us, and records come all the same
            self._fd = open_log(self._path)
        status = os.fstat(self._fd)
        if status.st_nlink == 0:
            self._go_on_in(open_log(self._path), status)
        elif self._max_bytes is not None and status.st_size >= self._max_bytes:
            new = self._path.with_name(f"{self._path.name}.new")
            fd = open_log(new)  # first: else each try without a descriptor would push an old file out
            try:
                self._make_room(2 * KEPT_FILES * self._max_bytes - status.st_size)
                self._put_in_place(new)
            except OSError:
                os.close(fd)
                raise
            self._go_on_in(fd, status)
        else:
            return False
        return True

    def _put_in_place(self, new: Path) -> None:
        for number in range(KEPT_FILES - 1, 0, -1):
            _rename_if_there(old_file(self._path, number), old_file(self._path, number + 1))
        _rename_if_there(self._path, old_file(self._path, 1))
        new.replace(self._path)

    def close(self) -> None:
        """Give the descriptor back; what was written stays. A record that comes all the same opens the file again."""
        self.acquire()
        try:
            if self._fd >= 0:
                with suppress(OSError):
                    self._tell_loss()
                os.close(self._fd)
                self._fd = -1
        finally:
            self.release()
        super().close()

    def _append(self, line: bytes) -> None:
        self.prints.append(self._fd, line)

    def _make_room(self, most: int) -> None:
        """Remove the oldest files, until the others have ``most`` bytes at most.

        Prints can be faster than the file is looked at, and a file then many times as large as it should be.
        """
        for number in range(1, KEPT_FILES + 1):
            file = old_file(self._path, number)
            most -= file.stat().st_size if file.exists() else 0
            if most < 0:
                file.unlink(missing_ok=True)

    def _go_on_in(self, fd: int, old: os.stat_result) -> None:
        for output in (1, 2):
            if file_of(output) == (old.st_dev, old.st_ino):
                os.dup2(fd, output)
        with suppress(OSError):  # a full disk
            end_last_line(self._fd)
        os.close(self._fd)
        self._fd = fd
        self.prints.begin_file()


def old_file(path: Path, number: int) -> Path:
    """The name of a file that was turned over, 1 the newest."""
    return path.with_name(f"{path.name}.{number}")


def encode(record: logging.LogRecord, place: Place) -> bytes:
    """One record as its line."""
    document = content_of(record, place)._asdict()
    del document["message_id"]
    for key in ("fields", "exception"):
        if not document[key]:
            del document[key]
    return f"{RECORD_SEPARATOR}{as_json(document)}\n".encode()


def _rename_if_there(old: Path, new: Path) -> None:
    try:
        old.replace(new)
    except FileNotFoundError:
        pass

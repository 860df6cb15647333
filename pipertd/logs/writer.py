"""The writing end: a ``logging`` handler that appends one line a record and turns the file over when it is full.

A line of ours begins with the record separator (RFC 7464) and holds one JSON object; every other line in the file is a
print or a stack of user code, whose descriptors 1 and 2 are the same file. Each record is one ``write`` on a descriptor
opened with O_APPEND, so a kill leaves at most one torn line and the separator of the next record ends it. What finds no
room on the disk is lost, and counted, and said when there is room again.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
from contextlib import suppress
from pathlib import Path

from pipertd.logs.append import Appender
from pipertd.protocol import LogSpec

RECORD_SEPARATOR = "\x1e"
MAX_FILE_BYTES = 4 * 1024 * 1024
KEPT_FILES = 4
MOST_TEXT = 32 * 1024  # characters
_OWN_KEYS = ("pipeline", "flow", "routine", "generation")
_STANDARD_KEYS = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", *_OWN_KEYS}
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # as in names of files: UTF-8 has none
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


def handler(spec: LogSpec, *, pipeline: str, flow: str, generation: int) -> FileHandler:
    """The handler that writes where ``spec`` says; records may carry ``routine`` in ``extra``.

    Raises:
        OSError: the file cannot be opened.
        ValueError: this pipertd knows no such kind of log.
    """
    if spec.kind != "file":
        raise ValueError(f"cannot write logs of kind {spec.kind!r}: known is 'file'")
    return FileHandler(Path(spec.path), pipeline=pipeline, flow=flow, generation=generation)


def open_log(path: Path) -> int:
    """A descriptor that appends to ``path``, made with its folders where missing; close-on-exec."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, _FLAGS, 0o640)


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
        self._context: dict[str, str | int] = {
            "pipeline": pipeline,
            "flow": flow,
            "routine": "",
            "generation": generation,
        }
        self._max_bytes = max_bytes
        self.appender = Appender()
        self._lost = 0
        self._told_bytes = 0
        self._fd = open_log(path)

    def set_generation(self, generation: int) -> None:
        """Records are of this generation from now on."""
        self._context["generation"] = generation

    def emit(self, record: logging.LogRecord) -> None:
        """Append one record. What cannot be written (a full disk) is counted, and said as soon as there is room."""
        try:
            self.turn_over_if_full()
            self._tell_loss()
            self._append(encode(record, self._context))
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
        records, lost_bytes = self._lost, self.appender.lost_bytes
        if records or lost_bytes != self._told_bytes:
            self._append(encode(_loss(records, lost_bytes - self._told_bytes), self._context))
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
        self.appender.append(self._fd, line)

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
            if _same_file(output, old):
                os.dup2(fd, output)
        with suppress(OSError):  # a full disk
            _finish_line(self._fd)
        os.close(self._fd)
        self._fd = fd
        self.appender.begin_file()


def old_file(path: Path, number: int) -> Path:
    """The name of a file that was turned over, 1 the newest."""
    return path.with_name(f"{path.name}.{number}")


def encode(record: logging.LogRecord, context: dict[str, str | int]) -> bytes:
    """One record as its line; unknown attributes of the record are its fields."""
    attributes = vars(record)
    document: dict[str, object] = {"time_s": record.created, "level": record.levelno}
    document.update({key: attributes.get(key, context[key]) for key in _OWN_KEYS})
    document.update(logger=record.name, message=_cut(_text_of(record)))
    if fields := {key: _plain(value) for key, value in attributes.items() if key not in _STANDARD_KEYS}:
        document["fields"] = fields
    if exception := _exception_of(record):
        document["exception"] = _cut(exception)
    line = json.dumps(document, ensure_ascii=False)
    whole = _HALF_CHARACTER.sub(_escaped, line)
    return f"{RECORD_SEPARATOR}{whole}\n".encode()


def _escaped(half: re.Match[str]) -> str:
    return f"\\\\u{ord(half[0]):04x}"


def _plain(value: object) -> object:
    """A field as JSON has it, or else as text: whatever a record carries, logging it raises nothing."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return _cut(value)
    try:
        text = json.dumps(value, allow_nan=False)
        return json.loads(text) if len(text) <= MOST_TEXT else _cut(text)
    except (TypeError, ValueError, RecursionError):
        return _cut(_said_by(value))


def _said_by(value: object) -> str:
    try:
        return str(value)
    except Exception:  # an author's __str__
        return f"a {type(value).__name__} that cannot be printed"


def _cut(text: str) -> str:
    """Both ends of a text that is too long for a record: one record must not fill a disk, or a reader's memory."""
    if len(text) <= MOST_TEXT:
        return text
    half = MOST_TEXT // 2
    return f"{text[:half]}\n... {len(text) - 2 * half} characters left out ...\n{text[-half:]}"


def _text_of(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as reason:  # a format that does not fit its arguments, or an author's __str__
        return f"{_said_by(record.msg)} (cannot format: {type(reason).__name__})"


def _exception_of(record: logging.LogRecord) -> str:
    if record.exc_info and record.exc_info[1] is not None:
        return logging.Formatter().formatException(record.exc_info)
    return record.exc_text or ""


def _loss(records: int, printed_bytes: int) -> logging.LogRecord:
    what = [f"{records} records"] if records else []
    what += [f"{printed_bytes} B of prints"] if printed_bytes else []
    text = f"{' and '.join(what)} were lost: the log file could not be written"
    return logging.makeLogRecord({"name": __name__, "msg": text, "levelno": logging.WARNING})


def _finish_line(fd: int) -> None:
    """End the last line of a file that gets no more: what was printed without an end is a line for readers too."""
    size = os.fstat(fd).st_size
    if size and os.pread(fd, 1, size - 1) != b"\n":
        os.write(fd, b"\n")


def _rename_if_there(old: Path, new: Path) -> None:
    try:
        old.replace(new)
    except FileNotFoundError:
        pass


def _same_file(fd: int, other: os.stat_result) -> bool:
    try:
        status = os.fstat(fd)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == (other.st_dev, other.st_ino)

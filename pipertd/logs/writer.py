"""The writing end: a ``logging`` handler that appends one line a record and turns the file over when it is full.

A line of ours begins with the record separator (RFC 7464) and holds one JSON object; every other line in the file is a
print or a stack of user code, whose descriptors 1 and 2 are the same file. Each record is one ``write`` on a descriptor
opened with O_APPEND, so a kill leaves at most one torn line and the separator of the next record ends it.
"""

from __future__ import annotations

import json
import logging
import math
import os
from pathlib import Path

from pipertd.protocol import LogSpec

RECORD_SEPARATOR = "\x1e"
MAX_FILE_BYTES = 4 * 1024 * 1024
KEPT_FILES = 4
MOST_TEXT = 32 * 1024  # characters
_OWN_KEYS = ("pipeline", "flow", "routine", "generation")
_STANDARD_KEYS = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName", *_OWN_KEYS}
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


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
        self._lost = 0
        self._fd = open_log(path)

    def set_generation(self, generation: int) -> None:
        """Records are of this generation from now on."""
        self._context["generation"] = generation

    def emit(self, record: logging.LogRecord) -> None:
        """Append one record. What cannot be written (a full disk) is counted, and said as soon as there is room."""
        try:
            self.turn_over_if_full()
            if self._lost:
                self._append(encode(_loss(self._lost), self._context))
                self._lost = 0
            self._append(encode(record, self._context))
        except OSError:
            self._lost += 1

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
        status = os.fstat(self._fd)
        if status.st_nlink == 0:
            self._reopen(status)
        elif self._max_bytes is not None and status.st_size >= self._max_bytes:
            self._make_room(2 * KEPT_FILES * self._max_bytes - status.st_size)
            for number in range(KEPT_FILES - 1, 0, -1):
                _rename_if_there(old_file(self._path, number), old_file(self._path, number + 1))
            _rename_if_there(self._path, old_file(self._path, 1))
            self._reopen(status)
        else:
            return False
        return True

    def close(self) -> None:
        """Give the descriptor back; what was written stays."""
        self.acquire()
        try:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1
        finally:
            self.release()
        super().close()

    def _append(self, line: bytes) -> None:
        os.write(self._fd, line)

    def _make_room(self, most: int) -> None:
        """Remove the oldest files, until the others have ``most`` bytes at most.

        Prints can be faster than the file is looked at, and a file then many times as large as it should be.
        """
        for number in range(1, KEPT_FILES + 1):
            file = old_file(self._path, number)
            most -= file.stat().st_size if file.exists() else 0
            if most < 0:
                file.unlink(missing_ok=True)

    def _reopen(self, old: os.stat_result) -> None:
        fd = open_log(self._path)
        for output in (1, 2):
            if _same_file(output, old):
                os.dup2(fd, output)
        os.close(self._fd)
        self._fd = fd


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
    return f"{RECORD_SEPARATOR}{line}\n".encode("utf-8", "backslashreplace")


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


def _loss(count: int) -> logging.LogRecord:
    text = f"{count} records were lost: the log file could not be written"
    return logging.makeLogRecord({"name": __name__, "msg": text, "levelno": logging.WARNING})


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

"""The last lines of one log file, for a notice that says why a flow failed."""

from __future__ import annotations

import os
import re
from pathlib import Path

from pipertd.logs.parse import no_record, parse
from pipertd.logs.record import LogRecord

_TRACEBACK_BYTES = 64 * 1024
_ASKED_BYTES = 1024 * 1024  # a flow that prints much may have its stacks far behind the question
_STACKS_BYTES = 8 * 1024
_FATAL = re.compile(rb"Fatal Python error:.*?^Current thread 0x([0-9a-f]+) ", re.DOTALL | re.MULTILINE)
_FATAL_END = re.compile(rb"^(Fatal Python error: |Timeout \()", re.MULTILINE)
_OF_STACKS = re.compile(  # a frame in a traceback of an exception has a comma before its "in"
    rb"Fatal Python error: |Timeout \(|(Current thread|Thread) 0x"
    rb"|  File .*, line [0-9?]+ in |  \.\.\.|  <no Python frame>"
)


def finish_line(path: Path) -> None:
    """End the last line of a dead process, where it had no time to."""
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
                file.write(b"\n")
    except OSError:  # a log that cannot be written must not keep a flow from being buried
        pass


def fatal_thread(path: Path, behind: int) -> int | None:
    """The thread that a fatal signal struck, by faulthandler's last traceback behind byte ``behind``."""
    found = _FATAL.findall(_tail(path, behind))
    return int(found[-1], 16) if found else None


def stacks_behind(path: Path, behind: int) -> str:
    """The stacks that a flow was asked for when its log had ``behind`` bytes; the first 8 KiB of them."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(behind if behind <= size else 0)
            return _stacks(file.read(_ASKED_BYTES))
    except OSError:
        return ""


def fatal_stacks(path: Path, behind: int) -> str:
    """The stacks that the end of the process left behind byte ``behind``, if it did; the first 8 KiB of them."""
    data = _tail(path, behind)
    ends = [found.start() for found in _FATAL_END.finditer(data)]
    return _stacks(data[ends[-1] :]) if ends else ""


def without_stacks(lines: list[str]) -> list[str]:
    """The lines that faulthandler did not write."""
    return [line for line in lines if not _OF_STACKS.match(line.encode(errors="replace"))]


def last_lines(path: Path, count: int, most_bytes: int) -> list[str]:
    """At most ``count`` lines as a person would read them; reads no more than the last ``most_bytes``."""
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - most_bytes)
            file.seek(start)
            data = file.read()
    except OSError:
        return []
    if start:
        data = data[data.find(b"\n") + 1 :]
    lines: list[str] = []
    for _, record in parse(data, no_record("", "", 0.0)):
        lines += _lines_of(record)
    return lines[-count:]


def _lines_of(record: LogRecord) -> list[str]:
    if record.source == "output":
        return [record.message]
    who = f"{record.routine}: " if record.routine else ""
    return [f"{record.level_name} {who}{record.message}", *record.exception.splitlines()]


def _tail(path: Path, behind: int) -> bytes:
    """The end of the log behind byte ``behind``; where the log is shorter, it was turned over, and all of it counts."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(behind if behind <= size else 0, size - _TRACEBACK_BYTES))
            return file.read()
    except OSError:
        return b""


def _stacks(data: bytes) -> str:
    lines = [line for line in data.splitlines() if _OF_STACKS.match(line)]
    return b"\n".join(lines)[:_STACKS_BYTES].decode(errors="replace")

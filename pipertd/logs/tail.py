"""The last lines of one log file, for a notice that says why a flow failed."""

from __future__ import annotations

import os
from pathlib import Path

from pipertd.logs.parse import parse
from pipertd.logs.record import LogRecord

_TAIL_BYTES = 4 * 1024


def finish_line(path: Path) -> None:
    """End the last line of a dead process, where it had no time to."""
    try:
        with path.open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            if size and os.pread(file.fileno(), 1, size - 1) != b"\n":
                file.write(b"\n")
    except OSError:  # a log that cannot be written must not keep a flow from being buried
        pass


def last_lines(path: Path, count: int = 20) -> list[str]:
    """At most ``count`` lines as a person would read them; reads no more than the last few kilobytes."""
    try:
        with path.open("rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES)
            file.seek(start)
            data = file.read()
    except OSError:
        return []
    if start:
        data = data[data.find(b"\n") + 1 :]
    lines: list[str] = []
    for _, record in parse(data, pipeline="", flow="", time_s=0.0):
        lines += _lines_of(record)
    return lines[-count:]


def _lines_of(record: LogRecord) -> list[str]:
    if record.source == "output":
        return [record.message]
    who = f"{record.routine}: " if record.routine else ""
    return [f"{record.level_name} {who}{record.message}", *record.exception.splitlines()]

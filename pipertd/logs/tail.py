"""The last lines of one flow, for a notice that says why it failed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pipertd.logs.append import end_last_line
from pipertd.logs.parse import no_record, parse
from pipertd.logs.record import LogRecord
from pipertd.regular import open_regular

STACKS_LOGGER = "pipertd.stacks"  # of records of the stacks of all threads


def finish_line(path: Path) -> None:
    """End the last line of a dead process, where it had no time to."""
    try:
        fd = open_regular(path, os.O_RDWR | os.O_APPEND)
        try:
            end_last_line(fd)
        finally:
            os.close(fd)
    except OSError:  # a log that cannot be written must not keep a flow from being buried
        pass


def last_lines(path: Path, count: int, most_bytes: int) -> list[str]:
    """At most ``count`` lines as a person would read them; reads no more than the last ``most_bytes``."""
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            start = max(0, file.seek(0, os.SEEK_END) - most_bytes)
            file.seek(start)
            data = file.read(most_bytes)
    except OSError:
        return []
    if start:
        data = data[data.find(b"\n") + 1 :]
    return lines_of(record for _, record in parse(data, no_record("", "", 0.0)))[-count:]


def lines_of(records: Iterable[LogRecord]) -> list[str]:
    """Records as a person would read them, without the stacks of an earlier death."""
    return [line for record in records if record.logger != STACKS_LOGGER for line in _lines(record)]


def _lines(record: LogRecord) -> list[str]:
    if record.source == "output":
        return [record.message]
    who = f"{record.routine}: " if record.routine else ""
    return [f"{record.level_name} {who}{record.message}", *record.exception.splitlines()]

"""The daemon's own log records: into its file for `pipertctl logs`, and as lines on standard error."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipertd.errors import SettingsError
from pipertd.harmless import set_off
from pipertd.logs.writer import FileHandler


@contextmanager
def daemon_records(file: Path, *, shown: int | None) -> Iterator[None]:
    """Collect all records of this process in ``file``; those of at least level ``shown`` also go to standard error.

    Raises:
        SettingsError: the file cannot be opened.
    """
    try:
        handlers: list[logging.Handler] = [FileHandler(file)]
    except OSError as reason:
        raise SettingsError(f"cannot write the log {file}: {reason}") from reason
    if shown is not None:
        lines = logging.StreamHandler(sys.stderr)
        lines.setLevel(shown)
        times = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "  # the journal has its own
        lines.setFormatter(_Lines(f"{times}%(levelname)s %(message)s"))
        handlers.append(lines)
    root, own = logging.getLogger(), logging.getLogger("pipertd")
    before = own.level
    own.setLevel(logging.DEBUG)
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        own.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


class _Lines(logging.Formatter):
    """Records for a terminal or the journal: whatever they quote, none looks like two."""

    def format(self, record: logging.LogRecord) -> str:
        """One record, with its traceback."""
        return set_off(super().format(record))

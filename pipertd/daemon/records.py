"""The daemon's own log records: into its file for `pipertctl logs`, and as lines on standard error."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pipertd.errors import SettingsError
from pipertd.harmless import set_off
from pipertd.logs.destination import daemon_handler
from pipertd.protocol import LogSpec


@contextmanager
def daemon_records(spec: LogSpec, *, shown: int | None) -> Iterator[None]:
    """Collect all records of this process where ``spec`` says; from level ``shown`` on they also go to standard error.

    Where they go to the journal they do not: standard error goes there too.

    Raises:
        SettingsError: it cannot be opened.
    """
    try:
        handlers: list[logging.Handler] = [daemon_handler(spec)]
    except OSError as reason:
        raise SettingsError(f"cannot write the log {spec.path}: {reason}") from reason
    if shown is not None and spec.kind != "journal":
        lines = logging.StreamHandler(sys.stderr)
        lines.setLevel(shown)
        times = "" if "JOURNAL_STREAM" in os.environ else "%(asctime)s "  # the journal has its own
        lines.setFormatter(_Lines(f"{times}%(levelname)s %(message)s"))
        handlers.append(lines)
    root, own = logging.getLogger(), logging.getLogger("pipertd")
    before = own.level
    own.setLevel(logging.DEBUG)
    for each in handlers:
        root.addHandler(each)
    try:
        yield
    finally:
        own.setLevel(before)
        for each in handlers:
            root.removeHandler(each)
            each.close()


class _Lines(logging.Formatter):
    """Records for a terminal or the journal: whatever they quote, none looks like two."""

    def format(self, record: logging.LogRecord) -> str:
        """One record, with its traceback."""
        return set_off(super().format(record))

"""Which store of logs the daemon uses: the system's journal, or files of its own."""

from __future__ import annotations

import os
import subprocess

from pipertd.daemon.settings import Settings
from pipertd.logs.files import FileLogs
from pipertd.logs.journal import FOLDER
from pipertd.logs.journal_logs import JournalLogs
from pipertd.logs.journal_source import JournalSource
from pipertd.logs.store import LogStore

_LONGEST_LOOK_S = 10


def log_store(settings: Settings) -> LogStore:
    """As the settings say; ``auto`` is the journal where that has our standard error too, and lets us read."""
    if settings.logs == "journal" or (settings.logs == "auto" and _is_journal_ours()):
        return JournalLogs(JournalSource.own())
    return FileLogs(settings.state_dir / "logs")


def _is_journal_ours() -> bool:
    standard_error = os.fstat(2)
    stream = f"{standard_error.st_dev}:{standard_error.st_ino}"  # who was started by a service may inherit the variable
    if os.environ.get("JOURNAL_STREAM") != stream or not (FOLDER / "socket").exists():
        return False
    look = ["journalctl", "--quiet", "--no-pager", "--lines=0"]
    try:
        return subprocess.run(look, capture_output=True, check=False, timeout=_LONGEST_LOOK_S).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False

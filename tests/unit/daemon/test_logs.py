"""Which store of logs the daemon chooses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipertd.daemon import logs
from pipertd.daemon.logs import log_store
from pipertd.daemon.settings import Settings
from pipertd.logs.files import FileLogs
from pipertd.logs.journal_logs import JournalLogs


@pytest.fixture
def started_by_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As systemd starts a service, where journald listens and may be read; gives the folder of that journalctl."""
    socket, program = tmp_path / "socket", tmp_path / "journalctl"
    socket.touch()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(logs, "FOLDER", tmp_path)
    standard_error = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{standard_error.st_dev}:{standard_error.st_ino}")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


@pytest.mark.usefixtures("started_by_systemd")
def test_the_setting_is_obeyed(tmp_path: Path) -> None:
    """Files are below the state directory; the journal is ours by our user and unit."""
    files = log_store(Settings(logs="file", state_dir=tmp_path))
    assert isinstance(files, FileLogs)
    assert files.folder == tmp_path / "logs"
    assert isinstance(log_store(Settings(logs="journal")), JournalLogs)
    assert isinstance(log_store(Settings(logs="auto")), JournalLogs)


@pytest.mark.parametrize("missing", ["stream", "standard error", "socket", "permission", "program"])
def test_without_a_journal_that_can_be_read_there_are_files(
    started_by_systemd: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    """``auto`` never chooses what would leave nothing to read."""
    if missing == "stream":
        monkeypatch.delenv("JOURNAL_STREAM")
    if missing == "standard error":
        monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    if missing == "socket":
        (started_by_systemd / "socket").unlink()
    if missing == "permission":
        (started_by_systemd / "journalctl").write_text("#!/bin/sh\nexit 1\n")
    if missing == "program":
        monkeypatch.setenv("PATH", str(started_by_systemd / "empty"))
    assert isinstance(log_store(Settings(logs="auto")), FileLogs)

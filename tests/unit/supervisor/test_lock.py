"""One daemon a runtime directory."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipertd.errors import DirectoryInUse, SettingsError
from pipertd.supervisor.lock import held_directory


def test_one_directory_for_both_is_refused(tmp_path: Path) -> None:
    """A daemon is not told to stop itself; afterwards the directory is free again and empty."""
    folder = tmp_path / "run"
    refused = pytest.raises(SettingsError, match="twice: give --y a directory of its own")
    with held_directory(folder, "--x"), refused, held_directory(folder, "--y"):
        pass
    with held_directory(folder, "--x"):
        pass
    assert list(folder.iterdir()) == []


def test_lock_of_a_killed_daemon_is_free(tmp_path: Path) -> None:
    """The second is told who holds it; the kernel takes the lock back, whatever way its holder died."""
    program = (
        "import signal, sys; from pathlib import Path; from pipertd.supervisor.lock import held_directory\n"
        "with held_directory(Path(sys.argv[1]), '--x'): print('held', flush=True); signal.pause()\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        refused = pytest.raises(DirectoryInUse, match=f"process id {holder.pid}")
        with refused, held_directory(tmp_path, "--x"):
            pass
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    assert (tmp_path / "lock").exists()
    with held_directory(tmp_path, "--x"):
        pass


def test_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """A wrong --runtime-dir is named with its reason."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot use directory"), held_directory(tmp_path / "file" / "x", "--x"):
        pass


def test_directory_whose_name_is_no_text_is_refused(tmp_path: Path) -> None:
    """No specification of a flow and no notice could carry it."""
    folder = tmp_path / os.fsdecode(b"\xff")
    with (
        pytest.raises(SettingsError, match=r"\(see --x\): its name is no printable text"),
        held_directory(folder, "--x"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_no_daemon_from_its_directory(tmp_path: Path) -> None:
    """It is held though nobody can be told by whom."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with held_directory(tmp_path, "--x"):
            refused = pytest.raises(DirectoryInUse, match="process id unknown")
            with refused, held_directory(tmp_path, "--x"):
                pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

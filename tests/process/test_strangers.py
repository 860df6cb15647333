"""What lies in the folder where somebody calls us is theirs, and no part of any pipeline."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process.definitions import counts, write_definition, writes
from tests.process.put_aside import put_aside
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

INSTALLED = [sys.executable, "-P", "-m"]  # what our commands are: nothing of where they are called is imported


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A folder with files of the names of modules that everything of ours imports; each notes who imported it."""
    folder = tmp_path / "strange"
    folder.mkdir()
    for name in ("numpy", "queue", "msgspec"):
        (folder / f"{name}.py").write_text(
            f"open({str(folder / 'imported')!r}, 'a').write('{name}\\n')\nraise SystemExit('not yours')\n"
        )
    return folder


def call(strange: Path, *command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*INSTALLED, *command], cwd=strange, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )
    assert not (strange / "imported").exists(), (strange / "imported").read_text()
    return done


def test_a_check_imports_nothing_of_the_callers_folder(tmp_path: Path, strange: Path) -> None:
    """Else whoever can write where root checks a definition runs code as root."""
    file = write_definition(tmp_path / "p.yaml", counts(), writes(tmp_path / "numbers"))
    done = call(strange, "pipertd.ctl", "check", str(file))
    assert (done.returncode, done.stdout) == (0, f"{file}: p is valid\n")


def test_a_run_imports_nothing_of_the_callers_folder(tmp_path: Path, strange: Path) -> None:
    """A file that happens to be named as a module of Python's own harms no flow."""
    file = write_definition(tmp_path / "p.yaml", counts(5), writes(tmp_path / "numbers"))
    done = call(strange, "pipertd.daemon", "run", str(file))
    assert done.returncode == 0, done.stderr


def test_a_daemon_imports_nothing_of_the_folder_it_is_started_in(daemon: Daemon, strange: Path) -> None:
    """Nor do its flows, what looks at their links, and a replay."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers", pause_s=0.001))
    put_aside(daemon.state / "quarantine", {"number": 1}, class_path="routines:Write", params={"file": os.devnull})
    daemon.start(program=[*INSTALLED[1:], "pipertd.daemon"], cwd=strange)
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    tapped = call(strange, "pipertd.ctl", "--address", daemon.address, "tap", "p/count", "-n", "1")
    assert tapped.returncode == 0, tapped.stderr
    replayed = call(strange, "pipertd.ctl", "--address", daemon.address, "quarantine", "replay", "m")
    assert replayed.returncode == 0, replayed.stderr


def test_a_path_is_of_the_definitions_folder(tmp_path: Path, strange: Path) -> None:
    """`path: [.]` says the folder of the definition, wherever the caller is."""
    (tmp_path / "mine.py").write_text("from routines import Count\n")
    file = write_definition(
        tmp_path / "p.yaml", {"class": "mine:Count", "params": {"amount": 5}}, writes(tmp_path / "numbers")
    )
    file.write_text(file.read_text().replace('"path": [', '"path": [\n    ".",'))
    done = call(strange, "pipertd.daemon", "run", str(file))
    assert done.returncode == 0, done.stderr

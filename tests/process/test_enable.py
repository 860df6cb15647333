"""pipertctl enable, disable and daemon beside a real daemon."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]


@pytest.fixture
def system(daemon: Daemon) -> Daemon:
    """A daemon that reads the folder in /etc below a root of its own."""
    daemon.definitions = daemon.folder / "etc/pipertd/pipelines.d"
    daemon.definitions.mkdir(parents=True)
    daemon.start(cwd=daemon.folder)  # where what `new` makes writes its file
    wait_until(lambda: daemon.ctl("daemon", "version").returncode == 0, DEADLINE_S, "the daemon")
    return daemon


def test_enable_and_disable_now(system: Daemon) -> None:
    """A definition that lies elsewhere runs as soon as it is linked, and is gone with its link."""
    file = write_definition(system.folder / "p.yaml", counts(), writes(system.folder / "numbers", pause_s=0.001))
    root = ("--root", str(system.folder))
    assert system.ctl("enable", str(file), *root, "--now").stdout == "p: enabled\n"
    wait_until(lambda: system.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    assert system.ctl("enable", "p", *root).stdout == "p: was enabled already\n"
    assert json.loads(system.ctl("disable", "p", *root, "--now", "-o", "json").stdout) == {
        "pipeline": "p",
        "state": "disabled",
        "changed": True,
    }
    assert system.status("p") == {}
    unknown = system.ctl("disable", "p", *root)
    assert (unknown.returncode, "there are none" in unknown.stderr) == (4, True)
    file.write_text("pipeline: p\n")
    assert system.ctl("enable", str(file), *root).returncode == 5


def test_what_new_made_is_enabled(system: Daemon) -> None:
    """A pipeline that was begun with `pipertctl new` runs from where it lies, its routines beside it."""
    home = system.folder / "yard"
    made = system.ctl("new", "pipeline", "yard", "--dir", str(home))
    assert made.returncode == 0, made.stderr
    done = system.ctl("enable", str(home / "yard.yaml"), "--root", str(system.folder), "--classes", "--now")
    assert (done.returncode, done.stdout, done.stderr) == (0, "yard: enabled\n", "")
    wait_until(lambda: system.status("yard").get("state") == "RUNNING", DEADLINE_S, "yard to run")


def test_what_the_daemon_could_not_load_is_not_enabled(system: Daemon) -> None:
    """A class that is not there is told where somebody can mend it, and no link and no mask is touched."""
    root = ("--root", str(system.folder), "--classes")
    nowhere = {"class": "no_such_module:Count"}
    file = write_definition(system.folder / "p.yaml", nowhere, writes(system.folder / "numbers"))
    done = system.ctl("enable", str(file), *root)
    assert (done.returncode, done.stdout) == (5, "")
    assert "No module named 'no_such_module'" in done.stderr
    assert done.stderr.endswith(f"pipertctl: cannot enable {file}: it is no valid definition\n")
    assert list(system.definitions.iterdir()) == []
    installed = system.folder / "usr/lib/pipertd/pipelines.d"
    installed.mkdir(parents=True)
    file.rename(installed / "p.yaml")
    mask = system.definitions / "p.yaml"
    mask.symlink_to("/dev/null")
    assert system.ctl("enable", "p", *root).returncode == 5
    assert mask.is_symlink()


def test_what_only_the_daemon_cannot_load_is_taken_back(system: Daemon) -> None:
    """Else it would keep every later reload from happening: the error says how, and that does it."""
    root = ("--root", str(system.folder))
    nowhere = {"class": "no_such_module:Count"}
    file = write_definition(system.folder / "p.yaml", nowhere, writes(system.folder / "numbers"))
    done = system.ctl("enable", str(file), *root, "--now")
    assert (done.returncode, done.stdout) == (5, "p: enabled\n")
    assert done.stderr.endswith("(p stays enabled; `pipertctl disable p` takes that back)\n")
    assert system.ctl("disable", "p", *root, "--now").returncode == 0


def test_a_file_of_ones_own_is_left_alone(system: Daemon) -> None:
    """It is no link; the error is one line, and says what can be done instead."""
    write_definition(system.definitions / "own.yaml", counts(), writes(system.folder / "numbers"))
    done = system.ctl("disable", "own", "--root", str(system.folder))
    assert (done.returncode, done.stderr.count("\n")) == (6, 1)
    assert "say `autostart: false` in it" in done.stderr


def test_daemon_says_what_it_is(system: Daemon) -> None:
    """Its version and process for people, everything for programs."""
    assert system.process is not None
    assert f"process {system.process.pid} since" in system.ctl("daemon", "version").stdout
    document = json.loads(system.ctl("daemon", "version", "-o", "json").stdout)
    assert (document["pid"], document["role"]) == (system.process.pid, "admin")
    assert document["definitions"] == [str(system.definitions)]


def test_a_daemon_that_was_started_by_hand_is_not_restarted(system: Daemon) -> None:
    """Nobody knows how; the command that is named ends it, and leaves its flows to the next one."""
    write_definition(system.definitions / "p.yaml", counts(), writes(system.folder / "numbers", pause_s=0.001))
    system.ctl("reload")
    wait_until(lambda: system.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    pids = [flow["pid"] for flow in system.status("p")["flows"]]
    done = system.ctl("daemon", "restart")
    assert done.returncode == 6
    subprocess.run(["sh", "-c", done.stderr.split("`")[1]], check=True, timeout=DEADLINE_S)
    assert system.process is not None
    system.process.wait(DEADLINE_S)
    system.start()
    wait_until(lambda: system.status("p").get("state") == "RUNNING", DEADLINE_S, "p to be adopted")
    assert [flow["pid"] for flow in system.status("p")["flows"]] == pids


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user gets to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize(
    ("there", "closed"), [("etc", "etc/pipertd"), ("etc/pipertd/pipelines.d", "etc/pipertd/pipelines.d/p.yaml")]
)
def test_without_permission_the_error_says_so(open_folder: Path, there: str, closed: str) -> None:
    """Who may not write into /etc gets exit 7, one line with what is closed to them, and the way out."""
    installed = open_folder / "usr/lib/pipertd/pipelines.d"
    installed.mkdir(parents=True)
    (open_folder / there).mkdir(parents=True)
    write_definition(installed / "p.yaml", counts(), writes(open_folder / "numbers"))
    done = subprocess.run(
        [
            *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"),
            *(sys.executable, "-m", "pipertd.ctl", "disable", "p", "--root", str(open_folder)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (
        7,
        f"pipertctl: cannot disable p: {open_folder / closed} is for root; use sudo\n",
    )

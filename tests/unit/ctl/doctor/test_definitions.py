from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from pipertd.ctl.doctor.account import Account
from pipertd.ctl.doctor.definitions import findings, named_paths
from pipertd.definition.check import check_files
from tests.unit.ctl.doctor.mending import mend, only, pipeline

STRANGER = Account("stranger", 54321, frozenset({54321}))


def test_a_mistake_is_said_once_a_file(tmp_path: Path) -> None:
    """The first one with its place, and how many more there are; check says the rest."""
    file = tmp_path / "p.yaml"
    file.write_text("pipeline: p\nflow: {}\nflows: {}\n")
    checked = check_files([file], classes=False)
    finding = only(findings(checked.pipelines, checked.problems, None))
    assert finding.what.startswith(f"{file}:2:1: flow: cannot use key 'flow'")
    assert finding.what.endswith(" (and 1 more)")
    assert finding.command.startswith(f"pipertctl check {file}")


def test_what_the_daemon_may_not_read_is_opened_by_the_command() -> None:
    """A folder of code that is closed to the daemon's user; each command opens one thing, until nothing is said."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        code = Path(folder) / "home" / "code"
        code.mkdir(parents=True)
        code.chmod(0o700)
        code.parent.chmod(0o700)
        street = pipeline(path=(str(code),))
        first = only(findings([street], [], STRANGER))
        assert first.what == f"stranger, who runs the daemon, may not use {code}: {code.parent} is closed to them"
        mend(first)
        mend(only(findings([street], [], STRANGER)))
        assert list(findings([street], [], STRANGER)) == []
        assert subprocess.run(["stat", "-c", "%a", code.parent], capture_output=True, check=True).stdout == b"701\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a home in /root")
def test_a_home_is_better_left_closed() -> None:
    """The command that would open one says that there is a better way."""
    with tempfile.TemporaryDirectory(dir="/root") as code:
        finding = only(findings([pipeline(path=(code,))], [], STRANGER))
    assert finding.command.startswith("chmod o+")
    assert finding.command.endswith("  # or better move it out of the home, to /srv say")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a device")
def test_a_device_is_opened_by_its_group() -> None:
    """Nobody opens a camera to the whole world: the daemon's user joins the group that it belongs to."""
    device = Path("/dev/pipertd-doctor")
    os.mknod(device, 0o020660, os.makedev(1, 3))
    try:
        finding = only(findings([pipeline(device=str(device))], [], STRANGER))
    finally:
        device.unlink()
    assert f"usermod -aG $(stat -c %G {device}) stranger" in finding.command


def test_paths_are_those_of_code_interpreter_and_params() -> None:
    """The folder that is always searched is not the definition's, and a relative value is no path."""
    one = pipeline(
        python="/venv/bin/python", path=("/code", "/etc/pipertd/routines"), video="/v.mp4", name_="v.mp4", n=1
    )
    assert list(named_paths(one)) == ["/code", "/venv/bin/python", "/v.mp4"]

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from pipertd.ctl.doctor.account import Account, myself
from pipertd.ctl.doctor.address import Asking, Way, findings, look, socket_of
from pipertd.ctl.doctor.finding import Finding, Severity
from tests.unit.ctl.doctor.mending import mend, only

ROOT = Path(__file__).parents[4]
UNIT = {"LoadState": "loaded"}


def found_at(path: Path) -> list[Finding]:
    return list(findings(Asking(path, look(path), myself(), None)))


def test_an_address_is_a_path_or_none() -> None:
    """Only a Unix socket can be looked at in the file system."""
    assert socket_of("unix:///run/pipertd/control.sock") == Path("/run/pipertd/control.sock")
    assert socket_of("/run/x") == Path("/run/x")
    assert socket_of("machine:7443") is None


def test_a_socket_that_answers_is_no_finding(tmp_path: Path) -> None:
    """Where a server answers its callers, nothing is said."""
    server = grpc.server(ThreadPoolExecutor(1))
    server.add_insecure_port(f"unix:{tmp_path / 's'}")
    server.start()
    assert found_at(tmp_path / "s") == []
    server.stop(None).wait()


def test_a_stale_socket_is_told_from_a_missing_one(tmp_path: Path) -> None:
    """One that nobody listens at means a killed daemon, one that is not there that none was started."""
    path = tmp_path / "s"
    assert look(path) is Way.MISSING
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
    stale = only(found_at(path))
    assert (stale.severity, stale.what) == (Severity.FAULT, f"nobody listens at {path} any more")
    assert stale.command.startswith(f"pipertd serve --runtime-dir {tmp_path} ")
    assert only(findings(Asking(path, Way.STALE, myself(), UNIT))).command.endswith("systemctl start pipertd")


def test_what_is_no_socket_is_moved_away(tmp_path: Path) -> None:
    """A file in the way is kept under another name, and then only the socket is missing."""
    path = tmp_path / "control.sock"
    path.write_text("mine")
    finding = only(found_at(path))
    assert finding.what == f"{path} is no socket"
    mend(finding)
    assert (look(path), (tmp_path / "control.sock.moved").read_text()) == (Way.MISSING, "mine")


@pytest.mark.parametrize("queued", [False, True])
def test_a_listener_that_takes_no_calls_hangs(queued: bool, tmp_path: Path) -> None:
    """A caller whom the kernel puts through and who hears nothing, or has to queue, has found a daemon that hangs."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as caller:
        listening.bind(str(path))
        listening.listen(0)
        if queued:
            caller.connect(str(path))
        finding = only(found_at(path))
    assert finding.what == f"the daemon at {path} takes no calls"
    assert finding.command.startswith(f"kill -KILL $(cat {tmp_path / 'lock'})")


def test_no_daemon_at_all_is_no_fault() -> None:
    """Who runs pipelines in the foreground needs none."""
    asking = Asking(Path("/run/pipertd/control.sock"), Way.MISSING, myself(), None)
    assert only(findings(asking)).severity is Severity.NOTE
    assert only(findings(Asking(asking.path, asking.way, asking.account, UNIT))).severity is Severity.FAULT


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_may_not_use_the_socket_learns_of_its_group() -> None:
    """The kernel refuses; the command puts the user into the group that the socket is for."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        Path(folder).chmod(0o755)
        path = Path(folder) / "observe.sock"
        listening.bind(str(path))
        listening.listen()
        path.chmod(0o660)
        asked = "from pathlib import Path; from pipertd.ctl.doctor.address import look; print(look(Path({!r})))"
        done = subprocess.run(
            [
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                sys.executable,
                "-c",
                asked.format(str(path)),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            cwd=ROOT,
        )
    assert done.stdout == "barred\n", done.stderr
    finding = only(findings(Asking(path, Way.BARRED, Account("ada", 1000, frozenset()), None)))
    assert finding.command in ("systemd-sysusers", "usermod -aG pipertd-observe ada && newgrp pipertd-observe")

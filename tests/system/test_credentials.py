"""Credentials that systemd keeps: a flow has them, across restarts, and nothing tells them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipertd.ctl.doctor.credentials import FOLDER
from tests.system.service import (
    DEFINITIONS,
    INSTALLED,
    ROUTINES,
    STATE,
    delivered,
    flows,
    run,
    shown,
    start_and_deliver,
    until_another_main,
)
from tests.waiting import wait_until

FIRST, SECOND = b"correct horse battery staple", b"wrong horse"
KNOCKING = """\
pipeline: knocking
credentials: [door]
flows:
  street: {routines: {walk: {class: knocking_for_service:Walk, fps: 50}}}
  house: {routines: {knock: {class: knocking_for_service:Knock}}}
links:
  - {from: walk, to: [knock]}
"""
CODE = """\
import hashlib

from pipertd import DestinationRoutine, SourceRoutine, events


class Walk(SourceRoutine):
    def main_logic(self):
        return {"number": self.published}


class Knock(DestinationRoutine):
    def main_logic(self, data):
        pass

    @events("KNOCK")
    def knock(self):
        self.logger.warning("knocks with %s", self.credential("door"))
        print(self.credential("door"))
        return hashlib.sha256(self.credential("door").content).hexdigest()
"""


@pytest.fixture
def door(sandbox: None, tmp_path: Path) -> Iterator[Path]:
    """A file that root alone may read, which the service is given; and a pipeline that names it."""
    file = tmp_path / "door"
    file.touch(mode=0o600)
    file.write_bytes(FIRST)
    definition, code = DEFINITIONS / "knocking.yaml", ROUTINES / "knocking_for_service.py"
    definition.write_text(KNOCKING)
    code.write_text(CODE)
    INSTALLED.mkdir()
    (INSTALLED / "credentials.conf").write_text(f"[Service]\nLoadCredential=door:{file}\n")
    run("systemctl", "daemon-reload")
    yield file
    definition.unlink()
    code.unlink()
    shutil.rmtree(FOLDER, ignore_errors=True)


def knock() -> str:
    """The fingerprint of what the flow reads now."""
    (answer,) = json.loads(run("pipertctl", "-o", "json", "event", "--timeout", "120", "KNOCK", "knocking/house"))
    return str(answer["value"])


def fingerprint(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def test_a_flow_has_it_and_nothing_tells_it(door: Path) -> None:
    """Not the environment or arguments of any process, the journal, a log, the status, nor a file of the daemon's."""
    start_and_deliver()
    assert knock() == fingerprint(FIRST)
    pids = [shown("MainPID"), *(str(flow["pid"]) for flow in flows().values())]
    told = {f"{pid} {name}": Path("/proc", pid, name).read_bytes() for pid in pids for name in ("environ", "cmdline")}
    run("journalctl", "--sync")
    for command in (
        ("journalctl", "-o", "verbose", "--all"),
        ("pipertctl", "logs"),
        ("pipertctl", "-o", "json", "status"),
    ):
        told[" ".join(command)] = run(*command).encode()
    for folder in (STATE, Path("/run/pipertd")):
        told.update({str(each): each.read_bytes() for each in folder.rglob("*") if each.is_file()})
    assert b"knocks with <credential door>" in told["pipertctl logs"]
    assert [where for where, content in told.items() if b"horse" in content] == []


def test_a_flow_has_it_across_a_restart(door: Path) -> None:
    """One that goes on over a crash or a restart of the daemon has the old one, and the new one from its next start."""
    start_and_deliver()
    pid, main = flows()["house"]["pid"], int(shown("MainPID"))
    os.kill(main, signal.SIGKILL)
    until_another_main(main)
    assert knock() == fingerprint(FIRST)
    door.write_bytes(SECOND)
    run("systemctl", "restart", "pipertd")
    assert (knock(), flows()["house"]["pid"]) == (fingerprint(FIRST), pid)
    run("pipertctl", "restart", "knocking")
    wait_until(lambda: flows()["house"]["state"] == "RUNNING", what="the flow to run again")
    assert knock() == fingerprint(SECOND)


def test_a_missing_one_is_said_and_given(door: Path) -> None:
    """Its flows do not start and say how to give it, and others do; doctor has the command that gives it."""
    (INSTALLED / "credentials.conf").unlink()
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "pipertd")
    wait_until(lambda: flows()["house"]["state"] == "FAILED", what="the flow to be refused")
    assert "cannot start knocking/house: nobody gave the daemon the credential door" in flows()["house"]["reason"]
    wait_until(lambda: delivered() > 10, what="messages of the other pipeline")
    found = json.loads(subprocess.run(["pipertctl", "doctor", "-o", "json"], capture_output=True, check=False).stdout)
    (finding,) = [each for each in found["findings"] if each["subject"] == "credentials"]
    subprocess.run(["sh", "-c", finding["command"]], input=FIRST, check=True, capture_output=True)
    wait_until(lambda: flows()["house"]["state"] == "RUNNING", what="the flow to run")
    assert knock() == fingerprint(FIRST)

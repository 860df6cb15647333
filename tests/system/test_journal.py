"""Records and prints of flows in the journal of a real systemd, whatever becomes of the daemon and of journald."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipertd.supervisor.message_ids import MESSAGE_IDS
from pipertd.supervisor.view import NoticeKind
from tests.system.service import DEFINITIONS, INSTALLED, ROUTINES, delivered, flows, run, shown
from tests.waiting import wait_until

TALK = """\
pipeline: talk
flows:
  speaker: {routines: {speak: {class: talking_for_journal:Speak, fps: 50}}}
  shouter:
    watchdog: {progress: 60s}
    routines: {shout: {class: talking_for_journal:Shout}}
links:
  - {from: speak, to: [shout]}
"""
CODE = '''\
import ctypes
import logging
import os
import pathlib

from pipertd import DestinationRoutine, SourceRoutine

libc = ctypes.CDLL(None)
flood = pathlib.Path("/run/pipertd/flood")


class Speak(SourceRoutine):
    """Says each number in every way that there is."""

    def main_logic(self):
        number = self.published
        self.logger.info("said %d", number, extra={"number": number})
        print(f"printed {number}")
        os.write(2, f"written {number}\\n".encode())
        libc.printf(f"printed by C {number}\\n".encode())
        libc.fflush(None)
        return {"number": number}


class Shout(DestinationRoutine):
    """Logs and prints far too much while there is a file."""

    def main_logic(self, data):
        if flood.exists():
            for number in range(5000):
                self.logger.info("shouted %d", number)
                print("cried", number)
'''
JOURNALD = [
    "systemd-journald.socket",
    "systemd-journald-dev-log.socket",
    "systemd-journald-audit.socket",
    "systemd-journald.service",
]
NOTHING_FOUND = 1  # by --grep
GROUPS = Path("/sys/fs/cgroup/system.slice/pipertd.service/flows")
FLOOD = Path("/run/pipertd/flood")


def entries(*matches: str) -> list[dict[str, Any]]:
    """What `journalctl` finds, the oldest first."""
    run("journalctl", "--sync")
    command = ["journalctl", "--no-pager", "-o", "json", *matches]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode in (0, NOTHING_FOUND), done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def texts(*matches: str) -> list[str]:
    return [entry["MESSAGE"] for entry in entries(*matches)]


def noticed(kind: str) -> list[dict[str, Any]]:
    """The daemon's notices of a kind."""
    lines = Path("/var/lib/pipertd/notices.jsonl").read_text().split("\n")[1:-1]  # the last may be half written
    notices = map(json.loads, lines)
    return [each for each in notices if each["kind"] == kind]


def newest(*matches: str) -> int:
    """The number of the newest record of the speaker; -1 where there is none."""
    said = texts("-n", "1", "PIPERTD_FLOW=speaker", "PIPERTD_ROUTINE=speak", *matches)
    return int(said[-1].split()[-1]) if said else -1


def grows(number: int) -> bool:
    return newest() > number


@pytest.fixture(scope="module")
def talking(installed: None) -> Iterator[None]:
    """The service has flows that talk."""
    aside = DEFINITIONS / "numbers.yaml"
    content = aside.read_text()
    aside.unlink()
    (ROUTINES / "talking_for_journal.py").write_text(CODE)
    (DEFINITIONS / "talk.yaml").write_text(TALK)
    yield
    (DEFINITIONS / "talk.yaml").unlink()
    (ROUTINES / "talking_for_journal.py").unlink()
    aside.write_text(content)


@pytest.fixture
def service(talking: None) -> Iterator[None]:
    """The service, started, with a journal that has nothing of a test before this one."""
    run("journalctl", "--rotate")
    run("journalctl", "--vacuum-time=1s")
    run("systemctl", "start", "pipertd")
    wait_until(lambda: [flow["state"] for flow in flows().values()] == ["RUNNING"] * 2, what="both flows to run")
    yield
    run("systemctl", "stop", "pipertd")
    shutil.rmtree("/var/lib/pipertd")


@pytest.mark.usefixtures("service")
def test_a_record_is_found_by_its_fields() -> None:
    """Each flow's own process wrote it, which journald vouches for; fields of its author are there too."""
    wait_until(lambda: newest() > 10, what="some records")
    found = entries("PIPERTD_PIPELINE=talk", "PIPERTD_FLOW=speaker", "PIPERTD_ROUTINE=speak")
    assert [entry["MESSAGE"] for entry in found] == [f"said {number}" for number in range(len(found))]
    one = found[-1]
    assert json.loads(one["PIPERTD_FIELDS"]) == {"number": len(found) - 1}
    assert one["_PID"] == str(flows()["speaker"]["pid"])
    assert one["_SYSTEMD_UNIT"] == "pipertd.service"
    assert (one["SYSLOG_IDENTIFIER"], one["PRIORITY"], one["PIPERTD_GENERATION"]) == ("pipertd/talk/speaker", "6", "1")
    assert one["CODE_FILE"].endswith("talking_for_journal.py")


@pytest.mark.usefixtures("service")
def test_prints_are_found_by_the_flow_s_identifier() -> None:
    """Whatever a flow prints, C code too, comes as lines of that process."""
    wait_until(lambda: newest() > 10, what="some records")
    found = entries("-t", "pipertd/talk/speaker", "_TRANSPORT=stdout")
    said = {entry["MESSAGE"] for entry in found}
    assert {f"{how} {number}" for how in ("printed", "written", "printed by C") for number in range(10)} <= said
    assert {entry["_PID"] for entry in found} == {str(flows()["speaker"]["pid"])}


@pytest.mark.usefixtures("service")
def test_notices_are_explained() -> None:
    """A notice has the id of its kind, by which the catalog says what happened and what to do."""
    (started, *_) = entries(f"MESSAGE_ID={MESSAGE_IDS[NoticeKind.FLOW_STARTED]}", "PIPERTD_FLOW=speaker")
    assert (started["PIPERTD_NOTICE"], started["SYSLOG_IDENTIFIER"]) == ("flow_started", "pipertd")
    os.kill(flows()["speaker"]["pid"], signal.SIGABRT)
    wait_until(lambda: texts("PIPERTD_NOTICE=flow_restarting"), what="the restart")
    said = run("journalctl", "--no-pager", "-x", "PIPERTD_NOTICE=flow_restarting")
    assert "Subject: Flow talk/speaker is restarted" in said
    assert "its restart rule gives it another one" in said


@pytest.mark.usefixtures("service")
def test_a_death_is_looked_into() -> None:
    """The stacks of a flow that was struck are one record of it; the notice has them, and its last lines."""
    wait_until(lambda: newest() > 10, what="some records")
    os.kill(flows()["speaker"]["pid"], signal.SIGABRT)
    wait_until(lambda: texts("PIPERTD_FLOW=speaker", "PIPERTD_LOGGER=pipertd.stacks"), what="the record of its stacks")
    (stacks,) = entries("PIPERTD_FLOW=speaker", "PIPERTD_LOGGER=pipertd.stacks")
    assert stacks["PIPERTD_EXCEPTION"].startswith("Fatal Python error: Aborted")
    (exited,) = wait_until(lambda: noticed("flow_exited"), what="the notice, which comes behind that record")
    assert exited["details"]["stacks"] == stacks["PIPERTD_EXCEPTION"]
    assert "printed by C" in exited["details"]["log"]


@pytest.mark.usefixtures("service")
def test_a_standby_waits_for_no_last_lines() -> None:
    """It takes over at once; the notice has the stacks of the one that died, and leaves its lines to the journal."""
    change = DEFINITIONS / "talk.yaml.d/standby.yaml"
    change.parent.mkdir()
    change.write_text("flows: {shouter: {standby: true}}\n")
    try:
        run("pipertctl", "reload")
        wait_until(lambda: len(list(GROUPS.glob("talk.shouter.*"))) == 2, what="the standby")
        os.kill(flows()["shouter"]["pid"], signal.SIGABRT)
        wait_until(lambda: flows()["shouter"]["generation"] == 2, what="the standby to take over")
    finally:
        shutil.rmtree(change.parent)
    (exited,) = noticed("flow_exited")
    assert exited["details"]["stacks"]
    assert "log" not in exited["details"]


@pytest.mark.usefixtures("service")
def test_records_are_written_while_no_daemon_lives() -> None:
    """They are the flow's own: a daemon that is killed and does not come back takes nothing from them."""
    INSTALLED.mkdir()
    (INSTALLED / "10-alone.conf").write_text("[Service]\nRestart=no\n")
    try:
        run("systemctl", "daemon-reload")
        os.kill(int(shown("MainPID")), signal.SIGKILL)
        wait_until(lambda: shown("ActiveState") == "failed", what="the end of the daemon")
        before = newest()
        wait_until(lambda: grows(before + 20), what="records without a daemon")
        assert texts("-t", "pipertd/talk/speaker", "_TRANSPORT=stdout")[-1].startswith(("printed", "written"))
    finally:
        shutil.rmtree(INSTALLED)
        run("systemctl", "daemon-reload")
        run("systemctl", "start", "pipertd")


@pytest.mark.usefixtures("service")
def test_a_journald_that_is_stopped_holds_nobody_up() -> None:
    """Flows and daemon go on; when it is back so do records and prints, and what was lost meanwhile is said."""
    wait_until(lambda: newest() > 10, what="some records")
    before, generations = delivered(), {name: flow["generation"] for name, flow in flows().items()}
    run("systemctl", "stop", *JOURNALD)
    try:
        wait_until(lambda: delivered() > before + 100, what="messages without a journal")
        assert run("pipertctl", "status")
    finally:
        run("systemctl", "start", *JOURNALD)
    wait_until(
        lambda: any("were lost: the journal did not take them" in each for each in texts("PIPERTD_FLOW=speaker")),
        what="the loss to be said",
    )
    last = newest()
    wait_until(lambda: f"printed by C {last + 20}" in texts("-t", "pipertd/talk/speaker"), what="prints of C code")
    assert {name: flow["generation"] for name, flow in flows().items()} == generations


@pytest.mark.usefixtures("service")
def test_a_flow_that_floods_hides_no_other() -> None:
    """It is told what of its records and prints was left out; all records of the others are there."""
    FLOOD.touch()
    try:
        wait_until(
            lambda: texts("PIPERTD_FLOW=shouter", "--grep=^suppressed [0-9]+ records and [0-9]+ lines of prints"),
            what="the suppressed to be counted",
        )
        before = newest()
        wait_until(lambda: grows(before + 20), what="records of the other flow")
        assert flows()["shouter"]["state"] == "RUNNING"
    finally:
        FLOOD.unlink()
    found = [entry["MESSAGE"] for entry in entries("PIPERTD_FLOW=speaker", "PIPERTD_ROUTINE=speak")]
    assert found == [f"said {number}" for number in range(len(found))]
    assert not texts("_TRANSPORT=driver", "--grep=Suppressed .* pipertd")

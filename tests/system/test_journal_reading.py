"""The system's journal keeps what every store of logs promises, and is read on whatever happens to journalctl."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pipertd.logs.journal import connect_stream, identifier_of
from pipertd.logs.journal_logs import JournalLogs
from pipertd.logs.journal_source import JournalSource
from pipertd.logs.journal_writer import JournalHandler
from pipertd.logs.record import LogFilter
from pipertd.names import Target
from tests.store_laws import StoreLaws, followed, numbered, texts
from tests.system.service import INSTALLED, SETTINGS, STATE, run, start_and_deliver
from tests.waiting import wait_until

_tests = count(1)
_PATIENT = struct.pack("@ll", 120, 0)  # who reads misses nothing that was written; a flow loses it to a slow journald

# Sends an entry, and stays until journald has looked up which unit it is of: one that is gone by then counts as ours.
_SPEAKER = """
import socket, subprocess, sys
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(sys.argv[1].encode(), "/run/systemd/journal/socket")
subprocess.run(["journalctl", "--sync"], check=True)
"""


class _Journal:
    """Flows that write into the journal, each test's in a pipeline of its own."""

    def __init__(self) -> None:
        self.pipeline = f"street{next(_tests)}"

    def store(self) -> JournalLogs:
        return JournalLogs(JournalSource.own())

    def write(self, flow: str, *texts: str, level: int = logging.INFO, **more: Any) -> None:
        log = JournalHandler(pipeline=self.pipeline, flow=flow, generation=1)
        assert log._journal is not None
        log._journal._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _PATIENT)
        for text in texts:
            log.handle(logging.makeLogRecord({"msg": text, "levelno": level, "name": "x", **more}))
        log.close()
        run("journalctl", "--sync")

    def print(self, flow: str, data: bytes) -> None:
        with os.fdopen(connect_stream(identifier_of(self.pipeline, flow)), "wb") as stream:
            stream.write(data)
        run("journalctl", "--sync")

    def remove_all(self) -> None:
        run("journalctl", "--rotate")
        run("journalctl", "--vacuum-time=1us")


@pytest.fixture
def bench() -> _Journal:
    return _Journal()


class TestJournal(StoreLaws):
    """The laws, of the journal."""


def followers() -> list[int]:
    """The runs of journalctl that follow for this process."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if b"--follow" in command_of(pid)]


def command_of(pid: str) -> bytes:
    """Its command line; empty where it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def follow_over(bench: _Journal, event: Callable[[], object]) -> list[str]:
    """What a follower hears that is caught up when ``event`` comes, before and after which there is something new."""
    expected = numbered(range(3))
    bench.write("a", expected[0])

    def go_on() -> None:
        wait_until(followers, what="journalctl to follow")
        bench.write("a", expected[1])
        event()
        bench.write("a", expected[2])

    wanted = LogFilter(Target(bench.pipeline))
    seen = asyncio.run(followed(bench.store(), wanted, len(expected), backlog=1, caught_up=go_on))
    assert not followers()
    return [record.message for record in seen]


def test_followers_outlive_their_journalctl(bench: _Journal) -> None:
    """When it is killed another one goes on where they were."""

    def kill() -> None:
        for pid in followers():
            os.kill(pid, signal.SIGKILL)

    assert follow_over(bench, kill) == numbered(range(3))


def test_followers_outlive_a_turn_of_the_journals_files(bench: _Journal) -> None:
    """A rotation takes nothing from anybody."""
    assert follow_over(bench, lambda: run("journalctl", "--rotate")) == numbered(range(3))


def test_followers_outlive_journald(bench: _Journal) -> None:
    """When it is killed they go on with the next one's."""

    def kill() -> None:
        run("systemctl", "kill", "--signal=KILL", "systemd-journald")
        run("systemctl", "restart", "systemd-journald")

    assert follow_over(bench, kill) == numbered(range(3))


def test_one_journalctl_follows_for_all(bench: _Journal) -> None:
    """It is there as long as somebody follows, and once."""
    seen: list[int] = []

    async def follow() -> None:
        store, wanted = bench.store(), LogFilter(Target(bench.pipeline))

        def look() -> None:
            seen.append(len(wait_until(followers, what="journalctl to follow")))
            bench.write("a", *numbered(range(2)))

        await asyncio.gather(*(followed(store, wanted, 4, caught_up=look) for _ in range(2)))

    asyncio.run(follow())
    assert seen == [1, 1]
    assert not followers()


def test_journalctl_ends_with_a_daemon_that_is_killed(bench: _Journal) -> None:
    """Nothing keeps following for nobody, also where there is nothing new that it could find that out by."""
    code = "import asyncio, sys\nfrom pipertd.logs.journal_child import read_journal\n"
    code += "async def read():\n    async for entry in read_journal('--follow', 'PIPERTD_FLOW=none'): pass\n"
    with subprocess.Popen([sys.executable, "-c", code + "asyncio.run(read())"]) as daemon:
        children = Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children")
        pid = wait_until(lambda: children.read_text().split(), what="journalctl to run")[0]
        wait_until(lambda: b"--follow" in command_of(pid), what="its exec")
        daemon.kill()
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), what="journalctl to end")


def test_nobody_can_speak_for_a_flow_but_the_daemons_own(bench: _Journal) -> None:
    """An entry that looks like ours, of another user or another unit of ours, is no record."""
    bench.write("a", "true")
    place = identifier_of(bench.pipeline, "a")
    forged = f"SYSLOG_IDENTIFIER={place}\nPIPERTD_PIPELINE={bench.pipeline}\nPIPERTD_FLOW=a\nPIPERTD_LEVEL=40\n"
    forged += "MESSAGE=false\n"
    for who in (["--uid=nobody", "logger", "--journald"], [sys.executable, "-c", _SPEAKER, forged]):
        command = ["systemd-run", "--quiet", "--pipe", "--wait", *who]
        done = subprocess.run(command, input=forged, text=True, check=False, capture_output=True)
        assert done.returncode == 0, done.stderr
    run("journalctl", "--sync")
    assert run("journalctl", "--output=cat", f"SYSLOG_IDENTIFIER={place}").split().count("false") == 2
    assert asyncio.run(texts(bench)) == ["true"]


def test_the_last_words_of_a_process_are_read(bench: _Journal) -> None:
    """Also where it is gone before journald can look up which unit it was of."""
    code = "import logging, sys\nfrom pipertd.logs.journal_writer import JournalHandler\nimport os\n"
    code += f"log = JournalHandler(pipeline={bench.pipeline!r}, flow='a', generation=1)\n"
    code += "log.handle(logging.makeLogRecord({'msg': 'goodbye', 'levelno': 20, 'name': 'x'}))\nos._exit(0)"
    for _ in range(20):
        subprocess.run([sys.executable, "-c", code], check=True)
    run("journalctl", "--sync")
    assert asyncio.run(texts(bench)) == ["goodbye"] * 20


def shown(*arguments: str) -> list[dict[str, Any]]:
    """What `pipertctl logs` shows."""
    return [json.loads(line) for line in run("pipertctl", "-o", "json", "logs", *arguments).splitlines()]


def entries(*matches: str) -> list[dict[str, Any]]:
    """What `journalctl` shows of the service."""
    run("journalctl", "--sync")
    found = run("journalctl", "--no-pager", "--output=json", "--unit=pipertd", *matches).splitlines()
    return [json.loads(line) for line in found]


@pytest.mark.usefixtures("service")
def test_pipertctl_shows_what_journalctl_does() -> None:
    """Under systemd records are in the journal, and both read the same there, and go on from each other's cursors."""
    theirs = [(each["__CURSOR"], each["MESSAGE"]) for each in entries("PIPERTD_PIPELINE=numbers", "PIPERTD_FLOW=front")]
    ours = [(each["cursor"], each["message"]) for each in shown("numbers/front")]
    assert theirs
    assert ours[: len(theirs)] == theirs
    assert [each["cursor"] for each in shown("numbers/front", "--cursor", theirs[0][0])][:1] == [theirs[1][0]]
    assert not (STATE / "logs").exists()
    (started,) = entries("PIPERTD_NOTICE=daemon_started")
    assert json.loads(started["PIPERTD_FIELDS"])["details"]["logs"] == "the journal, of pipertd.service"


@pytest.mark.usefixtures("service")
def test_reading_goes_on_over_a_restart_of_the_daemon() -> None:
    """A follower hears of what happened before, meanwhile and afterwards, once."""
    command = ["pipertctl", "-o", "json", "logs", "--follow", "-n", "1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        lines: list[str] = []
        reading = threading.Thread(target=lines.extend, args=(follower.stdout,))
        reading.start()
        try:
            wait_until(lambda: lines, what="the first records")
            run("systemctl", "restart", "pipertd")
            run("pipertctl", "restart", "numbers/back")
            expected = entries("PIPERTD_LOGGER=pipertd.notice")
            wait_until(lambda: expected[-1]["__CURSOR"] in "".join(lines), what="the newest notice to be followed")
        finally:
            follower.terminate()
            reading.join()
    cursors = [json.loads(line)["cursor"] for line in lines]
    assert len(set(cursors)) == len(cursors)
    assert {each["__CURSOR"] for each in expected} <= set(cursors)


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize(("wanted", "where"), [("auto", "files in /var/lib/pipertd/logs"), ("journal", None)])
def test_a_daemon_that_may_not_read_the_journal(wanted: str, where: str | None) -> None:
    """By itself it keeps files; told to use the journal it says why nothing can be read, and what to do."""
    INSTALLED.mkdir()
    (INSTALLED / "alone.conf").write_text("[Service]\nSupplementaryGroups=\n")
    SETTINGS.write_text(f'logs = "{wanted}"\n')
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "pipertd")
    done = subprocess.run(["pipertctl", "-o", "json", "logs"], check=False, capture_output=True, text=True)
    if where is not None:
        assert any(where in line for line in done.stdout.splitlines())
    else:
        assert "cannot read logs from the journal" in done.stderr
        assert "group systemd-journal" in done.stderr
        assert done.returncode == 6


@pytest.fixture
def forgetful_journal() -> Iterator[None]:
    """A journald that keeps nothing."""
    settings = Path("/etc/systemd/journald.conf.d/none.conf")
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("[Journal]\nStorage=none\n")
    run("systemctl", "restart", "systemd-journald")
    yield
    settings.unlink()
    run("systemctl", "restart", "systemd-journald")


@pytest.mark.usefixtures("sandbox", "forgetful_journal")
def test_a_journal_that_keeps_nothing_is_found_out() -> None:
    """Flows run as ever, and doctor says that their records are lost, and what to do."""
    start_and_deliver()
    done = subprocess.run(["pipertctl", "-o", "json", "doctor"], check=False, capture_output=True, text=True)
    (found,) = [each for each in json.loads(done.stdout)["findings"] if each["subject"] == "logs"]
    assert (found["severity"], found["what"]) == (
        "risk",
        "no record of this daemon is kept, not even that it started",
    )
    SETTINGS.write_text('logs = "file"\n')
    run("systemctl", "restart", "pipertd")
    done = subprocess.run(["pipertctl", "-o", "json", "doctor"], check=False, capture_output=True, text=True)
    assert "logs" not in [each["subject"] for each in json.loads(done.stdout)["findings"]]

"""The service survives: whatever of it is killed, messages go on in order; and a stop leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.system.service import (
    DEFINITIONS,
    GROUP,
    OPT,
    ROUTINES,
    RUNTIME,
    STATE,
    UNITS,
    delivered,
    flows,
    journal,
    processes,
    run,
    shown,
    until_another_main,
)
from tests.waiting import wait_until

NUMBERS, DEAF = STATE / "numbers", STATE / "deaf"
DROP_IN = UNITS / "pipertd.service.d/survival.conf"

DEFINITION = """\
pipeline: survival
flows:
  first: {restart: {backoff: 10ms..10ms, limit: 1000 in 60s}, routines: {count: {class: survives:Count}}}
  last: {restart: {backoff: 10ms..10ms, limit: 1000 in 60s}, routines: {write: {class: survives:Write}}}
links:
  - {from: count, to: [write], depth: 32}
"""
CODE = """\
import signal
import time
from pathlib import Path

from pipertd import DestinationRoutine, SourceRoutine, events

FILE, DEAF = Path("/var/lib/pipertd/numbers"), Path("/var/lib/pipertd/deaf")


class Count(SourceRoutine):
    def main_logic(self):
        return {"number": self.published}


class Write(DestinationRoutine):
    # Each number once: one that was written by a flow that died over it is delivered again.
    def setup(self):
        whole = FILE.read_bytes().rpartition(b"\\n")[0].splitlines() if FILE.exists() else []
        FILE.write_bytes(b"".join(line + b"\\n" for line in whole))
        self.last = int(whole[-1]) if whole else -1

    def main_logic(self, data):
        time.sleep(0.002)
        if data["number"] > self.last:
            with FILE.open("a") as file:
                file.write(f"{data['number']}\\n")


class Deaf(DestinationRoutine):
    # Neither SIGTERM nor the wish of the daemon reaches it.
    def main_logic(self, data):
        DEAF.touch()
        while True:
            time.sleep(3600)
"""


def numbers() -> list[int]:
    """All that is written, but for a line that is being written."""
    if not NUMBERS.exists():
        return []
    return [int(line) for line in NUMBERS.read_text().splitlines(keepends=True) if line.endswith("\n")]


def wait_more(what: str, by: int = 50) -> None:
    """Return when so many more numbers are written."""
    before = len(numbers())
    wait_until(lambda: len(numbers()) >= before + by, what=what)


def pids() -> dict[str, int]:
    return {name: each["pid"] for name, each in flows().items()}


def all_run() -> bool:
    return {each["state"] for each in flows().values()} == {"RUNNING"}


def all_are(generation: int) -> bool:
    return {each["generation"] for each in flows().values()} == {generation}


@pytest.fixture
def survival(installed: None) -> Iterator[None]:
    """The service with a pipeline that writes numbers down, at work; stopped and gone afterwards."""
    (ROUTINES / "survives.py").write_text(CODE)
    others = DEFINITIONS / "numbers.yaml"
    aside = others.rename(others.with_suffix(".aside"))
    definition = DEFINITIONS / "survival.yaml"
    definition.write_text(DEFINITION)
    run("systemctl", "start", "pipertd")
    try:
        wait_more("the first numbers")
        wait_until(all_run, what="both flows to run")
        yield
    finally:
        run("systemctl", "stop", "pipertd")
        subprocess.run(["systemctl", "reset-failed", "pipertd"], check=False, capture_output=True)
        definition.unlink()
        aside.rename(others)
        shutil.rmtree(STATE)


@contextmanager
def set_in_unit(*settings: str) -> Iterator[None]:
    """The unit has other settings in the block."""
    DROP_IN.parent.mkdir()
    DROP_IN.write_text("\n".join(["[Service]", *settings, ""]))
    run("systemctl", "daemon-reload")
    try:
        yield
    finally:
        shutil.rmtree(DROP_IN.parent)
        run("systemctl", "daemon-reload")


def kill_main() -> None:
    run("systemctl", "kill", "--kill-who=main", "--signal=KILL", "pipertd")


def hang() -> None:
    """Stop the daemon until the watchdog of systemd ends it."""
    os.kill(int(shown("MainPID")), signal.SIGSTOP)


def restart() -> None:
    run("systemctl", "restart", "pipertd")


def kill_main_behind_reexec() -> None:
    run("systemctl", "daemon-reexec")
    kill_main()


@pytest.mark.usefixtures("survival")
@pytest.mark.parametrize("blow", [kill_main, hang, restart, kill_main_behind_reexec])
def test_flows_do_not_notice_what_becomes_of_the_daemon(blow: Callable[[], None]) -> None:
    """Their processes stay, numbers are written without it, and the next daemon has adopted them."""
    with set_in_unit("WatchdogSec=6s"):
        restart()
        before, main = pids(), int(shown("MainPID"))
        blow()
        wait_more("numbers meanwhile")
        until_another_main(main)
        assert pids() == before
        assert all(each["generation"] == 1 for each in flows().values())
        wait_more("numbers behind it")
    assert_nothing_lost()


@pytest.mark.usefixtures("survival")
def test_the_daemon_and_a_flow_die_at_once() -> None:
    """The other one goes on, and the successor gets what waits."""
    before, main = pids(), int(shown("MainPID"))
    kill_main()
    os.kill(before["last"], signal.SIGKILL)
    until_another_main(main)
    wait_until(lambda: flows()["last"]["generation"] == 2 and all_run(), what="the successor")
    assert pids()["first"] == before["first"]
    wait_more("numbers of the successor")
    assert_nothing_lost()


@pytest.mark.usefixtures("survival")
@pytest.mark.parametrize("between", [[], ["daemon-reload"], ["daemon-reexec"]])
def test_everybody_dies_at_once(between: list[str]) -> None:
    """What was in flight comes back out of systemd's store, and is delivered: no number is missing, or comes twice."""
    for next_generation in (2, 3):
        main = int(shown("MainPID"))
        if between:
            run("systemctl", *between)
        run("systemctl", "kill", "--signal=KILL", "pipertd")
        until_another_main(main)
        wait_until(partial(all_are, next_generation), what="successors")
        wait_more("their numbers")
    assert "is lost" not in (STATE / "notices.jsonl").read_text()
    assert_nothing_lost()


def assert_nothing_lost() -> None:
    """After a stop of the pipeline all numbers are written, in order; the memory of the run is in nobody's store."""
    run("pipertctl", "stop", "survival")
    written = numbers()
    assert written == list(range(len(written)))
    assert delivered() == len(written)
    wait_until(lambda: shown("NFileDescriptorStore") == "0", what="an empty store")


@pytest.mark.usefixtures("survival")
def test_stop_leaves_nothing() -> None:
    """No process, no cgroup, no shared memory, no descriptor in the store, no file in the runtime directory."""
    assert shown("NFileDescriptorStore") == "6"  # the guard; two ledgers and bells, one pool
    run("systemctl", "stop", "pipertd")
    assert_nothing_left()


@pytest.mark.usefixtures("survival")
def test_a_deaf_flow_is_gone_though_the_daemon_is_killed_while_it_stops() -> None:
    """`systemctl stop` returns when nothing is left: what the daemon could not end any more is killed behind it."""
    deaf = make_deaf()
    stopping = subprocess.Popen(["systemctl", "stop", "pipertd"])
    try:
        wait_until(lambda: shown("SubState") == "stop-sigterm", what="the stop to begin")
        kill_main()
    finally:
        assert stopping.wait(120) == 0
    assert not Path(f"/proc/{deaf}").exists()
    assert_nothing_left()
    said = journal("--unit=pipertd")
    assert re.search(rf"processes .*\b{deaf}\b.* are left of what was stopped, and are killed", said)
    run("systemctl", "start", "pipertd")  # which is possible


@pytest.mark.usefixtures("survival")
def test_a_deaf_flow_is_gone_when_the_time_to_stop_is_over() -> None:
    """A daemon that waits longer for its flows than systemd for it is killed, and they are."""
    deaf = make_deaf()
    with set_in_unit("TimeoutStopSec=10s"):  # which is what `pipertd after-stop` has, too
        run("systemctl", "stop", "pipertd")
    assert not Path(f"/proc/{deaf}").exists()
    assert_nothing_left()


def make_deaf() -> int:
    """Have the last flow hear nobody; its process."""
    text = DEFINITION.replace("survives:Write", "survives:Deaf").replace("last: {", "last: {watchdog: {stop: 60s}, ")
    (DEFINITIONS / "survival.yaml").write_text(text)
    run("systemctl", "reload", "pipertd")
    wait_until(DEAF.exists, what="the deaf routine to begin")
    return pids()["last"]


def assert_nothing_left() -> None:
    assert not processes()
    assert not GROUP.exists()
    assert not list(Path("/dev/shm").iterdir())
    assert not list(RUNTIME.iterdir())
    assert shown("NFileDescriptorStore") == "0"


@pytest.mark.usefixtures("survival")
def test_flows_wait_for_who_starts_a_service_that_was_given_up() -> None:
    """Where systemd starts no other daemon, after too many crashes say, flows go on, and the next start adopts them."""
    before = pids()
    with given_up():
        wait_more("numbers without a service")
    run("systemctl", "start", "pipertd")
    assert pids() == before
    assert_nothing_lost()


@pytest.mark.usefixtures("survival")
def test_flows_of_a_service_that_was_given_up_can_be_ended() -> None:
    """A stop of a service that is down does nothing; `systemctl kill` reaches them all."""
    with given_up():
        run("systemctl", "stop", "pipertd")
        assert len(processes()) == 2
        run("systemctl", "kill", "pipertd")
        wait_until(lambda: not processes(), what="the end of the flows")
    run("systemctl", "start", "pipertd")


@contextmanager
def given_up() -> Iterator[None]:
    """The daemon is dead, and systemd starts no other one."""
    with set_in_unit("Restart=no"):
        kill_main()
        wait_until(lambda: shown("ActiveState") == "failed", what="the service to be given up")
        yield


GIVES_BACK = """\
import os, resource, signal, sys
from pathlib import Path
from pipertd.daemon.descriptor_store import LONGEST_NAME, inherited_descriptors, room_for_descriptors
from pipertd.daemon.notify import Notifier

manager, found = Notifier(), inherited_descriptors(os.environ)
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if found:
    Path(sys.argv[1]).write_text(f"{len(found)}")
    manager.say("READY=1")
    signal.pause()
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
many = [os.memfd_create("x") for _ in range(room_for_descriptors(manager, soft))]
manager.say("FDSTORE=1", "FDNAME=" + LONGEST_NAME * "x", fds=many)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("limit", ["", "LimitNOFILE=1024:524288"])
def test_all_that_the_store_may_have_comes_back(limit: str, tmp_path: Path) -> None:
    """With as many descriptors as we store at most, under the longest names, systemd can still start a daemon."""
    told, program, unit = tmp_path / "told", tmp_path / "gives_back.py", UNITS / "gives-back.service"
    program.write_text(GIVES_BACK)
    shipped = (UNITS / "pipertd.service").read_text().splitlines()
    kept = [line for line in shipped if line.startswith(("FileDescriptorStoreMax=", "LimitNOFILE="))]
    start = f"ExecStart={OPT}/bin/python {program} {told}"
    unit.write_text("\n".join(["[Service]", "Type=notify", "Restart=on-failure", *kept, limit, start, ""]))
    run("systemctl", "daemon-reload")
    try:
        subprocess.run(["systemctl", "start", "gives-back"], check=False)  # the first one fails
        wait_until(told.exists, what="the second one to be given what the first one had stored")
        wait_until(told.read_text, what="how many")
        assert int(told.read_text()) == (512 if limit else 4096)
    finally:
        run("systemctl", "stop", "gives-back")
        unit.unlink()
        run("systemctl", "daemon-reload")


@pytest.mark.usefixtures("survival")
def test_a_store_that_is_switched_off_is_said() -> None:
    """Pushing to it succeeds all the same, so the setting is looked at: by the daemon, and by doctor, who mends it."""
    with set_in_unit("FileDescriptorStoreMax=0"):
        run("systemctl", "stop", "pipertd")
        run("systemctl", "start", "pipertd")
        told = [line for line in (STATE / "notices.jsonl").read_text().splitlines() if "pipeline_unkept" in line]
        assert len(told) == 1
        assert "it has room for 0 (FileDescriptorStoreMax=" in told[0]
        done = subprocess.run(["pipertctl", "doctor"], capture_output=True, text=True, check=False)
        assert "FileDescriptorStoreMax=0" in done.stdout


@pytest.mark.usefixtures("survival")
def test_a_reload_with_a_broken_definition_fails_and_says_where() -> None:
    """File, line and column stand in the journal and in `systemctl status`; nothing is changed."""
    before: dict[str, Any] = pids()
    file = DEFINITIONS / "survival.yaml"
    file.write_text(DEFINITION.replace("flows:", "flow:"))
    done = subprocess.run(["systemctl", "reload", "pipertd"], check=False, capture_output=True)
    assert done.returncode != 0
    told = journal("--unit=pipertd")
    status = subprocess.run(["systemctl", "status", "--full", "pipertd"], check=False, capture_output=True, text=True)
    for said in (told, status.stdout):
        assert f"{file}:2:1" in said
    assert (shown("ActiveState"), pids()) == ("active", before)
    wait_more("numbers")

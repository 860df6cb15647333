"""The unit under a real systemd: ready, restarted, stopped; and nothing of it is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.system.service import (
    DEFINITIONS,
    GROUP,
    NUMBERS,
    RUNTIME,
    STATE,
    UNITS,
    another_main_than,
    delivered,
    flows,
    processes,
    run,
    shown,
    until_another_main,
)
from tests.waiting import wait_until


@pytest.mark.usefixtures("installed")
def test_the_unit_is_sound() -> None:
    """systemd-analyze finds nothing wrong with the unit; its manual pages come with the package."""
    assert not run("systemd-analyze", "verify", "--man=no", UNITS / "pipertd.service")


@pytest.mark.usefixtures("service")
def test_start_returns_when_the_daemon_serves() -> None:
    """After `systemctl start` the socket answers, flows run as the service's user, and STATUS tells of them."""
    assert set(flows()) == {"front", "back"}
    wait_until(lambda: delivered() > 10, what="messages pass")
    assert all(Path(f"/proc/{flow['pid']}").owner() == "pipertd" for flow in flows().values())
    wait_until(lambda: shown("StatusText") == "1 pipeline, 2 flows running", what="the status line tells of the flows")


@pytest.mark.usefixtures("service")
def test_each_socket_is_for_its_group() -> None:
    """Who is in `pipertd` may do everything, who is in `pipertd-observe` may look."""
    for name, group in (("control.sock", "pipertd"), ("observe.sock", "pipertd-observe")):
        assert (RUNTIME / name).group() == group
        assert (RUNTIME / name).stat().st_mode & 0o777 == 0o660


@pytest.mark.usefixtures("service")
def test_each_process_has_a_cgroup() -> None:
    """The unit's cgroup is the daemon's to divide: it is in a leaf of it, and each flow in a group of its own."""
    groups = {int(shown("MainPID")): "daemon"}
    groups.update({flow["pid"]: f"flows/numbers.{name}.{flow['pid']}" for name, flow in flows().items()})
    for pid, group in groups.items():
        assert f"0::/system.slice/pipertd.service/{group}\n" in Path(f"/proc/{pid}/cgroup").read_text()


@pytest.mark.usefixtures("service")
def test_stop_is_clean() -> None:
    """`systemctl stop` ends the flows in order, without a kill, and leaves no process and no shared memory."""
    wait_until(lambda: delivered() > 10, what="messages pass")
    run("systemctl", "stop", "pipertd")
    assert (shown("Result"), shown("ExecMainStatus")) == ("success", "0")
    assert not processes()
    assert not list(Path("/dev/shm").iterdir())
    assert not list(RUNTIME.iterdir())


@pytest.mark.usefixtures("service")
def test_a_killed_daemon_is_started_again() -> None:
    """After `kill -9` of the daemon its flows go on, with their limits, and a new one adopts them."""
    before, old, limited = int(shown("MainPID")), flows(), limits()
    os.kill(before, signal.SIGKILL)
    until_another_main(before)
    assert_they_go_on(old)
    assert limits() == limited


@pytest.mark.usefixtures("service")
def test_restart_disturbs_no_flow() -> None:
    """`systemctl restart` brings a new daemon to the old flows, with their limits; a stop still stops them."""
    before, old, limited = int(shown("MainPID")), flows(), limits()
    run("systemctl", "restart", "pipertd")
    assert another_main_than(before)
    assert_they_go_on(old)
    assert limits() == limited
    run("systemctl", "stop", "pipertd")
    assert not processes()


@pytest.mark.usefixtures("service")
def test_the_daemon_is_restarted_by_its_own_command() -> None:
    """`pipertctl daemon restart` finds its unit, returns when the next daemon serves, and disturbs no flow."""
    before, old = int(shown("MainPID")), flows()
    said = json.loads(run("pipertctl", "-o", "json", "daemon", "restart"))
    assert another_main_than(before)
    assert said["pid"] == int(shown("MainPID"))
    assert_they_go_on(old)


@pytest.mark.usefixtures("service")
def test_doctor_mends_a_unit_that_hurts() -> None:
    """What a drop-in broke and what the sandbox hides is found, and each command takes its finding away."""
    hurting = UNITS / "pipertd.service.d/10-hurting.conf"
    named = DEFINITIONS / "numbers.yaml.d/home.yaml"
    for file in (hurting, named):
        file.parent.mkdir()
    hurting.write_text("[Service]\nKillMode=mixed\nMemoryDenyWriteExecute=yes\nDelegate=no\n")
    named.write_text("path: [/home/ada/code]\n")
    Path("/home/ada/code").mkdir(parents=True)
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "pipertd")
    try:
        found = ailments()
        assert [each["what"].partition(":")[0].partition(" hides")[0] for each in found] == [
            "no cgroup holds the flows",
            "ProtectHome=yes",
            "KillMode=mixed",
            "MemoryDenyWriteExecute=yes",
        ]
        for each in found:
            run("sh", "-c", each["command"])
        assert ailments() == []
    finally:
        for file in (hurting, named):
            shutil.rmtree(file.parent)
        run("systemctl", "daemon-reload")


def ailments() -> list[dict[str, Any]]:
    """What `pipertctl doctor` finds of the unit and its cgroups, but for controllers that no unit can bring."""
    done = subprocess.run(["pipertctl", "doctor", "-o", "json"], capture_output=True, text=True, check=False)
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    ours = [each for each in findings if each["subject"] in ("unit", "cgroups", "groups", "daemon", "version")]
    return [each for each in ours if not each["what"].startswith("the kernel does not give")]


def limits() -> dict[str, str]:
    """What the kernel limits of the flow `back`; this depends on which controllers are there."""
    group = GROUP / f"flows/numbers.back.{flows()['back']['pid']}"
    files = [group / name for name in ("memory.max", "pids.max", "cpu.weight")]
    assert group.is_dir()
    return {file.name: file.read_text() for file in files if file.exists()}


def assert_they_go_on(old: dict[str, Any]) -> None:
    now = flows()
    assert {name: flow["pid"] for name, flow in now.items()} == {name: flow["pid"] for name, flow in old.items()}
    assert all(flow["generation"] == 1 for flow in now.values())
    so_far = delivered()
    wait_until(lambda: delivered() > so_far + 10, what="messages pass")


@pytest.mark.usefixtures("service")
def test_reload_returns_when_it_is_done() -> None:
    """`systemctl reload` restarts the flow that changed and no other, and has failed where a definition is wrong."""
    file = DEFINITIONS / "numbers.yaml"
    before = flows()
    try:
        file.write_text(NUMBERS.replace("fps: 50", "fps: 40"))
        run("systemctl", "reload", "pipertd")
        after = flows()
        assert (after["back"]["pid"], after["front"]["generation"]) == (before["back"]["pid"], 2)
        file.write_text("pipeline: numbers\nflow: {}\n")
        assert subprocess.run(["systemctl", "reload", "pipertd"], check=False, capture_output=True).returncode != 0
        assert (shown("ActiveState"), flows()["back"]["pid"]) == ("active", before["back"]["pid"])
    finally:
        file.write_text(NUMBERS)


@pytest.mark.usefixtures("service")
def test_what_worked_works_again() -> None:
    """Started with a broken file the service runs its pipeline as before, and the status line tells of the file."""
    file = DEFINITIONS / "numbers.yaml"
    wait_until((STATE / "definitions/numbers.proven").exists, what="the definition to be kept")
    run("systemctl", "stop", "pipertd")
    try:
        file.write_text("pipeline: numbers\nflow: {}\n")
        run("systemctl", "start", "pipertd")
        line = "1 pipeline, 2 flows running, 1 definition invalid"
        wait_until(lambda: shown("StatusText") == line, what="the status line to tell of the file")
        wait_until(lambda: delivered() > 10, what="messages pass")
    finally:
        file.write_text(NUMBERS)
    run("systemctl", "reload", "pipertd")
    wait_until(lambda: shown("StatusText") == "1 pipeline, 2 flows running", what="the status line to forget the file")


@pytest.mark.usefixtures("service")
def test_a_hanging_daemon_is_replaced() -> None:
    """When the main loop stands still, systemd's watchdog ends it and starts another."""
    drop_in = UNITS / "pipertd.service.d/watchdog.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nWatchdogSec=6s\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "pipertd")
    before = int(shown("MainPID"))
    os.kill(before, signal.SIGSTOP)
    until_another_main(before)
    shutil.rmtree(drop_in.parent)
    run("systemctl", "daemon-reload")
    wait_until(lambda: delivered() > 10, what="messages pass again")

"""Adoption: a daemon that is killed disturbs no flow, and the next one goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

QUICK = {"restart": {"backoff": "10ms..10ms", "limit": "1000 in 60s"}}


def numbers(file: Path) -> list[int]:
    """All that is written, but for a line that is being written."""
    return [int(line) for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")]


def grows(file: Path, by: int = 10) -> Callable[[], bool]:
    before = len(numbers(file)) if file.exists() else 0
    return lambda: file.exists() and len(numbers(file)) >= before + by


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def flow(daemon: Daemon, name: str) -> dict[str, Any]:
    """A flow as status shows it; empty as long as nobody answers."""
    found: list[dict[str, Any]] = daemon.status("p").get("flows", [])
    return next((each for each in found if each["name"] == name), {})


def wait_state(daemon: Daemon, name: str, state: str) -> dict[str, Any]:
    def look() -> dict[str, Any]:
        found = flow(daemon, name)
        return found if found.get("state") == state else {}

    return wait_until(look, DEADLINE_S, f"{name} is {state}")


def counting(daemon: Daemon, pause_s: float = 0.001, **more: Any) -> Path:
    """The pipeline a → b is served and runs; returns the file that b writes each number to."""
    file = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(), writes(file, pause_s), sink_flow=QUICK, **more)
    daemon.start()
    wait_until(grows(file), DEADLINE_S, "numbers")
    return file


def stop_and_compare(daemon: Daemon, file: Path) -> None:
    """After an orderly stop every number was written once, in order, and nothing is left."""
    assert daemon.ctl("stop", "p").returncode == 0
    (link,) = daemon.status("p")["links"]
    assert numbers(file) == list(range(link["produced"]))
    assert link["produced"] == link["delivered"]
    assert daemon.stop() == 0
    assert list(daemon.runtime.iterdir()) == []


def test_a_killed_daemon_disturbs_no_flow(daemon: Daemon) -> None:
    """Frames flow on without it; the next one has the same processes and generations, and goes on with the counts."""
    file = counting(daemon)
    before = {name: wait_state(daemon, name, "RUNNING") for name in ("a", "b")}
    daemon.kill()
    wait_until(grows(file), DEADLINE_S, "numbers without a daemon")
    written = len(numbers(file))
    daemon.start()
    for name, was in before.items():
        daemon.wait_for("flow_adopted", name)
        now = wait_state(daemon, name, "RUNNING")
        assert (now["pid"], now["generation"], now["restarts"]) == (was["pid"], 1, 0)
    assert daemon.status("p")["links"][0]["delivered"] >= written - 1
    assert len(daemon.notices("flow_started", "a")) == 1
    wait_until(grows(file), DEADLINE_S, "numbers with the next daemon")
    stop_and_compare(daemon, file)


def test_notices_and_logs_go_on(daemon: Daemon) -> None:
    """A watcher continues behind its revision, in the same epoch; an adopted flow answers events and is logged."""
    file = counting(daemon)
    wait_state(daemon, "b", "RUNNING")
    revision = daemon.notices("flow_started", "b")[0]["revision"]
    epoch = (daemon.state / "notices.jsonl").read_text().partition("\n")[0]
    daemon.kill()
    daemon.start()
    adopted = daemon.wait_for("pipeline_adopted")
    assert adopted["revision"] > revision
    assert (daemon.state / "notices.jsonl").read_text().partition("\n")[0] == epoch
    wait_until(lambda: "noted" in daemon.ctl("event", "NOTE", "p/b", "text=hello").stdout, DEADLINE_S, "an answer")
    assert "noted hello" in daemon.ctl("logs", "p/b").stdout
    stop_and_compare(daemon, file)


def test_a_flow_that_died_meanwhile_is_restarted(daemon: Daemon) -> None:
    """Its successor is the next generation, and gets what waits on its links; nothing is lost."""
    file = counting(daemon)
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not lives(pid), DEADLINE_S, "the death of b")
    daemon.start()
    daemon.wait_for("flow_exited", "b")
    now = wait_state(daemon, "b", "RUNNING")
    assert (now["generation"], now["restarts"]) == (2, 1)
    wait_until(grows(file), DEADLINE_S, "numbers of the successor")
    stop_and_compare(daemon, file)


def test_a_paused_flow_is_adopted_paused(daemon: Daemon) -> None:
    """The next daemon knows of the pause, so do the flow's successors, and it can be ended."""
    file = counting(daemon)
    wait_until(grows(file), DEADLINE_S, "numbers")
    assert daemon.ctl("pause", "p/b").returncode == 0
    daemon.kill()
    daemon.start()
    daemon.wait_for("flow_adopted", "b")
    assert wait_state(daemon, "b", "RUNNING")["paused"]
    daemon.ctl("kill", "p/b")
    wait_until(lambda: flow(daemon, "b")["generation"] == 2, DEADLINE_S, "the successor")
    wait_until(lambda: "b/sink" in _paused(daemon), DEADLINE_S, "a paused routine")
    assert daemon.ctl("resume", "p/b").returncode == 0
    wait_until(grows(file), DEADLINE_S, "numbers again")
    stop_and_compare(daemon, file)


def _paused(daemon: Daemon) -> list[str]:
    routines = daemon.status("p").get("routines", [])
    return [f"{each['flow']}/{each['name']}" for each in routines if each["state"] == "PAUSED"]


def test_an_adopted_flow_that_dies_is_restarted_as_any_other(daemon: Daemon) -> None:
    """How it ended is known though it was no child, and the daemon after that adopts its successor."""
    file = counting(daemon)
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    daemon.kill()
    daemon.start()
    daemon.wait_for("flow_adopted", "b")
    os.kill(pid, signal.SIGKILL)
    exited = daemon.wait_for("flow_exited", "b")
    assert exited["details"]["ending"] in ("was killed by SIGKILL", "ended unseen: it was adopted")
    second = wait_state(daemon, "b", "RUNNING")
    assert second["generation"] == 2
    daemon.kill()
    daemon.start()
    daemon.wait_for("flow_adopted", "b", count=2)
    now = wait_state(daemon, "b", "RUNNING")
    assert (now["pid"], now["generation"], now["restarts"]) == (second["pid"], 2, 1)
    wait_until(grows(file), DEADLINE_S, "numbers")
    stop_and_compare(daemon, file)


def test_a_daemon_killed_in_the_middle_of_a_reload(daemon: Daemon) -> None:
    """What the reload had brought down comes up again, and the next reload finishes what this one began."""
    file = daemon.definitions / "p.yaml"
    hang = {"class": "routines:Hang", "params": {"at": -1}}
    write_definition(file, counts(), hang, sink_flow={"watchdog": {"stop": "3s"}})
    daemon.start()
    before = {name: wait_state(daemon, name, "RUNNING") for name in ("a", "b")}
    write_definition(file, counts(), writes(daemon.folder / "numbers"), sink_flow={"watchdog": {"stop": "3s"}})
    reloading = subprocess.Popen(daemon.ctl_command("reload"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_state(daemon, "b", "STOPPING")
        daemon.kill()
    finally:
        reloading.kill()
        reloading.wait()
    daemon.start()
    wait_until(lambda: flow(daemon, "b").get("generation") == 2, DEADLINE_S, "b again")
    assert wait_state(daemon, "a", "RUNNING")["pid"] == before["a"]["pid"]
    wait_state(daemon, "b", "RUNNING")
    assert "restarted" in daemon.ctl("reload").stdout
    wait_until(grows(daemon.folder / "numbers"), DEADLINE_S, "numbers by the new definition")
    assert wait_state(daemon, "a", "RUNNING")["pid"] == before["a"]["pid"]

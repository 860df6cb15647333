"""`pipertd serve`: the daemon as a service manager calls it."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def grows(file: Path) -> Callable[[], bool]:
    before = file.stat().st_size if file.exists() else 0
    return lambda: file.exists() and file.stat().st_size > before


def test_sigterm_leaves_nothing(daemon: Daemon) -> None:
    """After SIGTERM no process, no socket and no shared memory of the daemon is left, and the exit code is 0."""
    numbers = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(), writes(numbers, pause_s=0.001))
    before = set(os.listdir("/dev/shm"))
    daemon.start()
    wait_until(grows(numbers), DEADLINE_S, "numbers")
    pids = [int(daemon.wait_for("flow_started", flow)["details"]["pid"]) for flow in ("a", "b")]
    assert all(map(is_running, pids))
    assert daemon.stop() == 0
    assert not any(map(is_running, pids))
    assert list(daemon.runtime.iterdir()) == []
    wait_until(lambda: set(os.listdir("/dev/shm")) <= before, DEADLINE_S, "names that others hold for a moment to go")
    assert len(numbers.read_text().split()) > 0


def test_the_daemon_may_hold_as_many_descriptors_as_there_are(daemon: Daemon) -> None:
    """A soft limit that was kept low for other programs is no limit for the number of flows and clients."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
    try:
        daemon.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    daemon.wait_for("daemon_started")
    assert daemon.process is not None
    assert resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE) == (before[1], before[1])


def test_finished_pipeline_leaves_the_daemon_up(daemon: Daemon) -> None:
    """A pipeline that came to its end is no reason to go."""
    numbers = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(10), writes(numbers))
    process = daemon.start()
    assert "EXITED" in daemon.wait_for("pipeline_ended")["message"]
    assert process.poll() is None
    assert numbers.read_text().split() == [str(number) for number in range(10)]


def test_broken_definition_stops_nobody_else(daemon: Daemon) -> None:
    """The good one runs; the broken one is a notice with file, line and column."""
    numbers = daemon.folder / "numbers"
    write_definition(daemon.definitions / "good.yaml", counts(), writes(numbers, pause_s=0.001))
    broken = write_definition(daemon.definitions / "broken.yaml", counts(), writes(numbers), colour="red")
    daemon.start()
    wait_until(grows(numbers), DEADLINE_S, "numbers")
    notice = daemon.wait_for("definition_invalid")
    assert notice["message"].startswith(f"{broken}:")
    assert [one["pipeline"] for one in daemon.notices("pipeline_loaded")] == ["good"]


@pytest.mark.parametrize("shared", ["runtime", "state"])
def test_second_daemon_is_refused(daemon: Daemon, tmp_path: Path, shared: str) -> None:
    """A second one on a directory of the first says who is there and exits 1; the first one is not disturbed."""
    numbers = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(), writes(numbers, pause_s=0.001))
    first = daemon.start()
    wait_until(grows(numbers), DEADLINE_S, "numbers")
    folders = {"runtime": tmp_path / "other", "state": tmp_path / "another", shared: getattr(daemon, shared)}
    command = [*(sys.executable, "-m", "pipertd.daemon", "serve"), "--definitions", str(daemon.definitions)]
    more = ["--runtime-dir", str(folders["runtime"]), "--state-dir", str(folders["state"])]
    second = subprocess.run([*command, *more], capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.startswith(f"pipertd: cannot use {folders[shared]}: the pipertd with process id {first.pid}")
    wait_until(grows(numbers), DEADLINE_S, "more numbers")
    assert (daemon.runtime / "flows.sock").exists()
    assert (daemon.runtime / "control.sock").exists()


def test_service_manager_hears_when_it_serves_and_flows_do_not_hear_it(daemon: Daemon, tmp_path: Path) -> None:
    """READY comes when the sockets are there; the notification socket is not passed on to user code."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(tmp_path / "numbers", pause_s=0.001))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(DEADLINE_S)
        daemon.start(NOTIFY_SOCKET=str(tmp_path / "notify"))
        assert manager.recv(100).startswith(b"EXTEND_TIMEOUT_USEC=")
        assert manager.recv(100).startswith(b"FDSTORE=1")
        assert manager.recv(100) == b"READY=1"
        assert (daemon.runtime / "control.sock").exists()
        pid = int(daemon.wait_for("flow_started", "a")["details"]["pid"])
        assert b"NOTIFY_SOCKET" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert daemon.stop() == 0
        heard = []
        while "STOPPING=1" not in heard:
            heard.append(manager.recv(100).decode())


def test_hangup_reloads(daemon: Daemon) -> None:
    """SIGHUP has definitions read again: what did not change goes on, what is new is started."""
    numbers = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(), writes(numbers, pause_s=0.001))
    process = daemon.start()
    wait_until(grows(numbers), DEADLINE_S, "numbers")
    process.send_signal(signal.SIGHUP)
    assert daemon.wait_for("definitions_reloaded")["message"] == "definitions are reloaded: nothing has changed"
    write_definition(daemon.definitions / "q.yaml", counts(), writes(daemon.folder / "others"))
    process.send_signal(signal.SIGHUP)
    assert daemon.wait_for("definitions_reloaded", count=2)["message"] == "definitions are reloaded: q is added"
    wait_until(grows(daemon.folder / "others"), DEADLINE_S, "numbers of q")
    wait_until(grows(numbers), DEADLINE_S, "more numbers")
    started = [notice["pipeline"] for notice in daemon.notices("flow_started", "a")]
    assert started == ["p", "q"]


def test_a_runtime_directory_that_was_removed_costs_no_flow(daemon: Daemon) -> None:
    """A flow that then starts has a socket to dial, its run is on record again, and the next daemon adopts it."""
    numbers = daemon.folder / "numbers"
    in_contact = {"watchdog": {"contact": "10s"}}
    write_definition(daemon.definitions / "p.yaml", counts(), writes(numbers, pause_s=0.001), sink_flow=in_contact)
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "both flows")
    with daemon.held():
        shutil.rmtree(daemon.runtime)
        os.kill(int(daemon.notices("flow_started", "b")[0]["details"]["pid"]), signal.SIGKILL)
    lost = {str(daemon.runtime / name) for name in ("flows.sock", "control.sock", "observe.sock")}
    wait_until(
        lambda: {each["details"]["path"] for each in daemon.notices("socket_lost")} == lost, DEADLINE_S, "notices"
    )
    daemon.wait_for("pipeline_recorded")
    pid = daemon.wait_for("flow_started", "b", count=2)["details"]["pid"]
    daemon.kill()
    daemon.start()
    assert daemon.wait_for("flow_adopted", "b")["details"]["pid"] == pid
    assert not daemon.notices("contact_lost", "b")
    assert daemon.stop() == 0
    assert list(daemon.runtime.iterdir()) == []


def test_a_log_that_is_no_file_holds_nobody_up(served: Daemon) -> None:
    """Whoever may write there put a FIFO in its place: the flow is judged and stops, and the daemon answers."""
    log = served.state / "logs" / "p" / "b.log"
    with served.held():
        log.unlink()
        os.mkfifo(log)
    assert served.ctl("stop", "p/b").stdout == "p/b: STOPPED\n"
    assert served.ctl("logs", "p").returncode == 0
    assert served.ctl("start", "p/b").returncode == 0
    assert "it is no regular file" in served.wait_for("flow_failed", "b")["message"]
    assert served.stop() == 0


def test_stacks_that_could_not_be_removed_go_with_the_daemon(served: Daemon) -> None:
    """Their flow died while the runtime directory was read-only: an orderly stop leaves nothing there."""
    (served.runtime / "0123456789abcdef.stacks").touch()
    assert served.stop() == 0
    assert list(served.runtime.iterdir()) == []

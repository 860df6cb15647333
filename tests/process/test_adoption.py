"""Adoption: a daemon that is killed disturbs no flow, and the next one goes on where it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipertd.supervisor.failure import Failure
from tests.leaks import MARK
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


def record(daemon: Daemon) -> dict[str, Any]:
    """What is on record of the pipeline."""
    found: dict[str, Any] = msgspec.msgpack.decode((daemon.runtime / "p.run").read_bytes())
    return found


def change_record(daemon: Daemon, change: Callable[[dict[str, Any]], None]) -> None:
    document = record(daemon)
    change(document)
    (daemon.runtime / "p.run").write_bytes(msgspec.msgpack.encode(document))


def processes(target: str) -> set[int]:
    """All processes of a flow of this test: those that wait at a gate, too."""
    command, ours = f"pipertd.flow\0{target}\0".encode(), f"{MARK}={os.environ[MARK]}\0".encode()
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            if not folder.name.isdigit() or command not in (folder / "cmdline").read_bytes():
                continue
            if ours in (folder / "environ").read_bytes() + b"\0":
                found.add(int(folder.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def wait_rest(daemon: Daemon, state: str) -> None:
    wait_until(lambda: daemon.status("p").get("state") == state, DEADLINE_S, f"p is {state}")


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
    """Nobody saw how it ended; its successor is the next generation, and gets what waits on its links."""
    file = counting(daemon)
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not lives(pid), DEADLINE_S, "the death of b")
    daemon.start()
    failure = daemon.wait_for("flow_exited", "b")["details"]["failure"]
    assert failure in (Failure.UNKNOWN, Failure.KILLED)  # known where nobody had reaped it yet
    now = wait_state(daemon, "b", "RUNNING")
    assert (now["generation"], now["restarts"], now["failure"]) == (2, 1, failure)
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
    wait_until(lambda: flow(daemon, "b").get("generation") == 2, DEADLINE_S, "the successor")
    wait_until(lambda: "b/sink" in paused_routines(daemon), DEADLINE_S, "a paused routine")
    assert daemon.ctl("resume", "p/b").returncode == 0
    wait_until(grows(file), DEADLINE_S, "numbers again")
    stop_and_compare(daemon, file)


def paused_routines(daemon: Daemon) -> list[str]:
    """Those that have seen that they are paused: none of them has a message in hand."""
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


def test_an_operators_stop_holds(daemon: Daemon) -> None:
    """What was stopped stays down when the daemon is killed, whatever autostart says: one flow, or all of them."""
    file = counting(daemon)
    assert daemon.ctl("stop", "p/b").returncode == 0
    daemon.kill()
    daemon.start()
    daemon.wait_for("flow_adopted", "a")
    wait_state(daemon, "b", "STOPPED")
    assert daemon.ctl("start", "p/b").returncode == 0
    wait_until(grows(file), DEADLINE_S, "numbers of the run that goes on")
    stopped = daemon.ctl("stop", "p")
    assert stopped.returncode == 0
    written = numbers(file)
    assert written == list(range(len(written)))
    daemon.kill()
    daemon.start()
    daemon.wait_for("pipeline_loaded", count=3)  # so that this daemon has read the file, too
    wait_rest(daemon, "STOPPED")
    assert numbers(file) == written
    assert daemon.stop() == 0


def test_what_came_to_its_end_does_not_begin_anew(daemon: Daemon) -> None:
    """What is EXITED is that to the next daemon, and so are its routines; an orderly stop ends what is remembered."""
    file = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(10), writes(file))
    daemon.start()
    daemon.wait_for("pipeline_ended")
    daemon.kill()
    daemon.start()
    daemon.wait_for("pipeline_adopted")
    wait_rest(daemon, "EXITED")
    assert {each["state"] for each in daemon.status("p")["routines"]} == {"EXITED"}
    assert len(daemon.notices("flow_started", "a")) == 1
    assert daemon.stop() == 0
    daemon.start()
    daemon.wait_for("pipeline_ended", count=2)


@pytest.mark.parametrize("target", ["p/b", "p"])
def test_a_restart_cut_in_two_ends_up_started(daemon: Daemon, target: str) -> None:
    """A daemon that is killed between the stop and the start of a restart leaves the start to the next one."""
    file, gate = daemon.folder / "numbers", daemon.folder / "gate"
    sink = {"class": "routines:Gate", "params": {"file": str(file), "gate": str(gate)}}
    write_definition(daemon.definitions / "p.yaml", counts(), sink, sink_flow=QUICK)
    daemon.start()
    wait_until(grows(file, 1), DEADLINE_S, "the first number")
    for name in ("a", "b"):
        wait_state(daemon, name, "RUNNING")
    with subprocess.Popen(daemon.ctl_command("restart", target), stderr=subprocess.DEVNULL) as restart:
        stopped = "a" if target == "p" else "b"
        wait_until(lambda: record(daemon)["flows"][stopped]["state"] != "RUNNING", DEADLINE_S, "the stop")
        daemon.kill()
        assert restart.wait(DEADLINE_S) != 0
    gate.touch()
    daemon.start()
    wait_until(lambda: flow(daemon, "b").get("generation", 0) >= 2, DEADLINE_S, "the next generation")
    wait_state(daemon, "b", "RUNNING")
    wait_state(daemon, "a", "RUNNING")
    wait_until(grows(file), DEADLINE_S, "numbers")
    assert daemon.ctl("stop", "p").returncode == 0
    assert daemon.stop() == 0


@pytest.mark.parametrize("state", ["STOPPING", "KILLING"])
def test_a_flow_that_was_stopped_while_it_was_launched_is_down(daemon: Daemon, state: str) -> None:
    """On record it is on its way down and has no process: nobody's death is waited for, and it can be started."""
    file = counting(daemon)
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not lives(pid), DEADLINE_S, "the death of b")
    change_record(daemon, lambda found: found["flows"]["b"].update(state=state, wanted=False, living=None))
    daemon.start()
    wait_state(daemon, "b", "STOPPED")
    wait_state(daemon, "a", "RUNNING")
    assert daemon.ctl("start", "p/b").returncode == 0
    wait_until(grows(file), DEADLINE_S, "numbers")
    stop_and_compare(daemon, file)


def test_a_daemon_killed_while_it_stops_is_followed_by_one_that_starts(daemon: Daemon) -> None:
    """Its flows go down as they were asked to; they were the daemon's to stop, not an operator's, and come up again."""
    file, gate = daemon.folder / "numbers", daemon.folder / "gate"
    sink = {"class": "routines:Gate", "params": {"file": str(file), "gate": str(gate)}}
    write_definition(daemon.definitions / "p.yaml", counts(), sink, sink_flow=QUICK)
    process = daemon.start()
    wait_until(grows(file, 1), DEADLINE_S, "the first number")
    process.send_signal(signal.SIGTERM)
    daemon.wait_for("daemon_stopping")
    daemon.wait_for("flow_exited", "a")
    daemon.kill()
    gate.touch()
    daemon.start()
    daemon.wait_for("flow_started", "a", count=2)
    wait_state(daemon, "b", "RUNNING")
    assert daemon.stop() == 0


def test_leaving_disturbs_no_flow(daemon: Daemon) -> None:
    """SIGUSR1 ends the daemon alone, cleanly, and says so."""
    file = counting(daemon)
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    assert daemon.process is not None
    daemon.process.send_signal(signal.SIGUSR1)
    assert daemon.process.wait(DEADLINE_S) == 0
    assert "leaves its flows to the next one" in daemon.notices("daemon_stopping")[0]["message"]
    wait_until(grows(file), DEADLINE_S, "numbers without a daemon")
    daemon.start()
    assert wait_state(daemon, "b", "RUNNING")["pid"] == pid
    stop_and_compare(daemon, file)


def test_what_the_file_says_by_now_is_said_and_not_done(daemon: Daemon) -> None:
    """An adopted pipeline goes on as it was started, until it is reloaded."""
    file = counting(daemon)
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    daemon.kill()
    write_definition(daemon.definitions / "p.yaml", counts(), writes(file, 0.002), sink_flow=QUICK)
    daemon.start()
    loaded = daemon.wait_for("pipeline_loaded", count=2)
    assert "its file says something else by now" in loaded["message"]
    assert "params of sink" in loaded["details"]["differs"]
    assert wait_state(daemon, "b", "RUNNING")["pid"] == pid
    assert daemon.ctl("reload").returncode == 0
    assert wait_state(daemon, "b", "RUNNING")["generation"] == 2
    stop_and_compare(daemon, file)


def test_a_process_id_that_is_somebody_elses_by_now_is_left_alone(daemon: Daemon) -> None:
    """A bystander with the id of a flow that died began at another time: it is neither adopted nor killed."""
    file = counting(daemon)
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not lives(pid), DEADLINE_S, "the death of b")  # which nobody on record is there to wait for
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    ) as bystander:
        change_record(daemon, lambda found: found["flows"]["b"]["living"]["process"].update(pid=bystander.pid))
        daemon.start()
        assert wait_state(daemon, "b", "RUNNING")["generation"] == 2
        assert not daemon.notices("flow_adopted", "b")
        assert bystander.poll() is None
        bystander.communicate(b"\n")
    stop_and_compare(daemon, file)


def test_the_flows_of_another_version_are_renewed_one_by_one(daemon: Daemon) -> None:
    """A flow that speaks what this daemon does not is restarted within its run: nothing is lost, and it is said."""
    file = counting(daemon)
    for name in ("a", "b"):
        wait_state(daemon, name, "RUNNING")
    daemon.kill()

    def make_old(found: dict[str, Any]) -> None:
        for each in found["flows"].values():
            each["living"]["protocol"] = 0

    change_record(daemon, make_old)
    daemon.start()
    for name in ("a", "b"):
        daemon.wait_for("flow_started", name, count=2)
        said = [each["message"] for each in daemon.notices("flow_restarting", name)]
        assert said == [f"flow p/{name} is restarted: it speaks to daemons of another version of pipertd"]
        assert wait_state(daemon, name, "RUNNING")["generation"] == 2
    exits = [daemon.notices("flow_exited", name)[0]["revision"] for name in ("a", "b")]
    first, second = sorted(("a", "b"), key=lambda name: exits["ab".index(name)])
    assert daemon.notices("flow_started", first)[1]["revision"] < daemon.notices("flow_exited", second)[0]["revision"]
    wait_until(grows(file), DEADLINE_S, "numbers")
    stop_and_compare(daemon, file)


def spoil(how: str, daemon: Daemon) -> None:
    file = daemon.runtime / "p.run"
    match how:
        case "garbage":
            file.write_bytes(bytes(range(256)))
        case "cut":
            file.write_bytes(file.read_bytes()[:100])
        case "a fifo":
            file.unlink()
            os.mkfifo(file)
        case "of another boot":
            change_record(daemon, lambda found: found.update(boot="another"))
        case "of another format":
            change_record(daemon, lambda found: found.update(format=99))
        case "without links":
            change_record(daemon, lambda found: found["segments"]["links"].clear())
        case "of exchanged ledgers":
            change_record(daemon, exchange_ledgers)
        case "of a file that is no ledger":
            change_record(daemon, name_no_ledger)


def exchange_ledgers(found: dict[str, Any]) -> None:
    first, second = found["segments"]["homes"]
    first["ledger"], second["ledger"] = second["ledger"], first["ledger"]


def name_no_ledger(found: dict[str, Any]) -> None:
    """The guards' segment has a byte for each link, which is not even a word."""
    first, _ = found["segments"]["homes"]
    first["ledger"], found["segments"]["guards"] = found["segments"]["guards"], first["ledger"]


_NO_USE = (
    *("garbage", "cut", "a fifo", "of another boot", "of another format"),
    *("without links", "of exchanged ledgers", "of a file that is no ledger"),
)


@pytest.mark.parametrize("how", _NO_USE)
def test_a_run_whose_record_is_no_use_is_lost_and_begins_anew(daemon: Daemon, how: str) -> None:
    """It is said; its flows, of which nobody knows, are told to stop as soon as they dial."""
    file = counting(daemon)
    pids = [wait_state(daemon, name, "RUNNING")["pid"] for name in ("a", "b")]
    daemon.kill()
    spoil(how, daemon)
    daemon.start()
    assert "is lost, with what lay on its links" in daemon.wait_for("pipeline_lost")["message"]
    wait_until(lambda: not any(map(lives, pids)), DEADLINE_S, "the end of the old flows")
    daemon.wait_for("flow_started", "b", count=2)
    assert wait_state(daemon, "b", "RUNNING")["generation"] == 1
    assert daemon.stop() == 0
    assert list(daemon.runtime.iterdir()) == []
    assert file.exists()


def test_a_folder_under_a_record_s_name_stops_nobody(daemon: Daemon) -> None:
    """The daemon comes up, runs the pipeline without a record of it, says so, and leaves the folder where it is."""
    (daemon.runtime / "p.run").mkdir(parents=True)
    file = counting(daemon)
    wait_state(daemon, "b", "RUNNING")
    assert "it is no regular file" in daemon.wait_for("pipeline_lost")["message"]
    assert daemon.stop() == 0
    assert [each.name for each in daemon.runtime.iterdir()] == ["p.run"]
    assert file.exists()
    said = (daemon.folder / "stderr").read_text()
    assert "cannot be adopted" in said
    (told,) = daemon.notices("pipeline_unrecorded")
    assert "pipeline p is not on record for the next daemon" in told["message"]


def test_a_record_that_could_not_be_written_is_written_as_soon_as_it_can_be(daemon: Daemon) -> None:
    """Both are said, though nothing else happens meanwhile; the flows work on, and the next daemon adopts them."""
    file = counting(daemon)
    _, pid = [wait_state(daemon, name, "RUNNING")["pid"] for name in ("a", "b")]
    in_the_way = daemon.runtime / "p.run.new"
    in_the_way.mkdir()
    os.kill(pid, signal.SIGKILL)
    daemon.wait_for("pipeline_unrecorded")
    daemon.wait_for("flow_started", "b", count=2)
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    assert len(daemon.notices("pipeline_unrecorded")) == 1
    in_the_way.rmdir()
    assert daemon.wait_for("pipeline_recorded")["message"] == "pipeline p is on record again"
    daemon.kill()
    daemon.start()
    assert daemon.wait_for("flow_adopted", "b")["details"]["pid"] == str(pid)
    stop_and_compare(daemon, file)


def test_a_run_of_which_nothing_lives_is_lost_and_begins_anew(daemon: Daemon) -> None:
    """Its memory went with its last process; what was up is started, though the file does not ask for it."""
    file = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(), writes(file, 0.001), autostart=False)
    daemon.start()
    wait_until(lambda: daemon.ctl("start", "p").returncode == 0, DEADLINE_S, "the start")
    pids = [wait_state(daemon, name, "RUNNING")["pid"] for name in ("a", "b")]
    daemon.kill()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(lives, pids)), DEADLINE_S, "their deaths")
    daemon.start()
    assert "no process of it lives any more" in daemon.wait_for("pipeline_lost")["message"]
    daemon.wait_for("flow_started", "b", count=2)
    assert wait_state(daemon, "b", "RUNNING")["generation"] == 1
    assert daemon.stop() == 0


def test_what_had_failed_begins_anew_with_a_run_that_is_lost(daemon: Daemon) -> None:
    """A flow that is FAILED was wanted up: a new run is its new chance, as a start of the machine is."""
    never = {"restart": {"policy": "never"}}
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers"), sink_flow=never)
    daemon.start()
    old, _ = [wait_state(daemon, name, "RUNNING")["pid"] for name in ("a", "b")]
    assert daemon.ctl("kill", "p/b").stdout == "p/b: FAILED\n"
    done = daemon.ctl("event", "NOTE", "p/b", "text=hello")
    assert done.stdout == "b/sink: error: cannot deliver NOTE: flow b is FAILED\n"
    daemon.kill()
    spoil("of another boot", daemon)
    daemon.start()
    wait_until(lambda: not lives(old), DEADLINE_S, "the end of the old source")
    daemon.wait_for("flow_started", "b", count=2)
    assert wait_state(daemon, "b", "RUNNING")["generation"] == 1
    assert daemon.stop() == 0


DIES = """
import os, signal, sys
left, when = int(sys.argv.pop(1)), sys.argv.pop(1)
really = os.replace

def replace(source, target):
    global left
    left -= str(target).endswith(".run")
    if left == 0 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    really(source, target)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

os.replace = replace
from pipertd.daemon.__main__ import main
main()
"""


@pytest.mark.parametrize(
    ("write", "when", "on_record"),
    [
        (1, "before", None),  # nothing was started
        (4, "before", [False, False]),  # a process is there, and on no record
        (4, "after", [True, False]),  # it is on record, and was not let in
        (5, "after", [True, True]),  # one was let in, the other one was not
    ],
)
def test_no_process_goes_on_that_was_not_let_in(
    daemon: Daemon, write: int, when: str, on_record: list[bool] | None
) -> None:
    """A daemon that is killed between a spawn, its record and the opening of the gate leaves no second writer."""
    file = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(), writes(file, 0.001), sink_flow=QUICK)
    daemon.start(program=["-c", DIES, str(write), when])
    assert daemon.process is not None
    assert daemon.process.wait(DEADLINE_S) == -signal.SIGKILL
    if on_record is None:
        assert not (daemon.runtime / "p.run").exists()
    else:
        assert sorted(bool(each["living"]) for each in record(daemon)["flows"].values()) == sorted(on_record)
    if on_record != [True, True]:
        wait_until(lambda: not processes("p/a") | processes("p/b"), DEADLINE_S, "the end of those at their gates")
    daemon.start()
    for name in ("a", "b"):
        now = wait_state(daemon, name, "RUNNING")
        assert processes(f"p/{name}") == {now["pid"]}
        assert now["restarts"] == 0
    wait_until(grows(file), DEADLINE_S, "numbers")
    stop_and_compare(daemon, file)


def test_flows_that_are_left_alone_stop_in_order(daemon: Daemon) -> None:
    """After ``orphan_timeout`` the source stops first, and what lay on the link is handled; nothing is left."""
    file, told = daemon.folder / "numbers", daemon.folder / "told"
    source = {"class": "routines:CountAndTell", "params": {"told": str(told)}}
    write_definition(
        daemon.definitions / "p.yaml",
        source,
        writes(file, 0.05),
        orphan_timeout="1s",
        links=[{"from": "count", "to": ["sink"], "depth": 32}],
    )
    daemon.start()
    wait_until(grows(file), DEADLINE_S, "numbers")
    pids = [wait_state(daemon, name, "RUNNING")["pid"] for name in ("a", "b")]
    daemon.kill()
    wait_until(lambda: not any(map(lives, pids)), DEADLINE_S, "the end of the flows")
    assert numbers(file) == list(range(int(told.read_text())))
    for name in ("a", "b"):
        assert "the daemon was away for 1 s: stopping, in order" in (daemon.state / f"logs/p/{name}.log").read_text()


def charge_of(daemon: Daemon, generation: int) -> dict[str, Any]:
    """What this generation of b died of, when that is on record; its notice comes first."""
    if not (daemon.runtime / "p.run").exists():
        return {}
    found = record(daemon)["flows"]["b"]
    died = (found["state"], found["generation"]) == ("BACKING_OFF", generation)
    return found["charge"] or {} if died else {}


def test_a_charge_outlives_the_daemon(daemon: Daemon) -> None:
    """What a flow died of is known to its successor, though another daemon starts it: it dies three times, not more."""
    file = daemon.folder / "numbers"
    sink = {"class": "fatal:Poisoned", "params": {"file": str(file), "at": 5}}
    slow = {"restart": {"backoff": "3s..3s", "limit": "1000 in 60s"}}  # time for a daemon to be killed in
    write_definition(daemon.definitions / "p.yaml", counts(), sink, sink_flow=slow)
    daemon.start()
    for death in (1, 2, 3):
        charge = wait_until(partial(charge_of, daemon, death), DEADLINE_S, "the record of its death")
        daemon.kill()
        assert charge["routine"] == "sink"
        daemon.start()
    assert "died of it 3 times" in daemon.wait_for("message_quarantined", "b")["message"]
    assert len(daemon.notices("flow_exited", "b")) == 3
    wait_until(grows(file), DEADLINE_S, "numbers behind it")
    assert daemon.stop() == 0


def test_a_daemon_killed_in_the_middle_of_a_reload(daemon: Daemon) -> None:
    """What the reload had brought down comes up again, and the next reload finishes what this one began."""
    file = daemon.definitions / "p.yaml"
    hang = {"class": "routines:Hang", "params": {"at": -1}}
    write_definition(file, counts(), hang, sink_flow={"watchdog": {"stop": "6s"}})
    daemon.start()
    before = {name: wait_state(daemon, name, "RUNNING") for name in ("a", "b")}
    write_definition(file, counts(), writes(daemon.folder / "numbers"), sink_flow={"watchdog": {"stop": "6s"}})
    reloading = subprocess.Popen(daemon.ctl_command("reload"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: record(daemon)["flows"]["b"]["state"] == "STOPPING", DEADLINE_S, "b to be asked to stop")
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


def test_a_flow_that_is_left_alone_and_hangs_goes_all_the_same(daemon: Daemon) -> None:
    """Nobody is there to kill it: at its stop deadline it leaves its stacks in the log, and ends."""
    stuck = {"class": "routines:Hang", "params": {"at": -1}}
    soon = {**QUICK, "watchdog": {"stop": "3s"}}
    write_definition(daemon.definitions / "p.yaml", counts(), stuck, sink_flow=soon, orphan_timeout="1s")
    daemon.start()
    pids = [wait_state(daemon, name, "RUNNING")["pid"] for name in ("a", "b")]
    daemon.kill()
    wait_until(lambda: not any(map(lives, pids)), DEADLINE_S, "the end of the flows")
    assert "in cleanup" in (daemon.state / "logs/p/b.log").read_text()


def test_a_flow_that_is_struck_while_no_daemon_lives_is_looked_into(daemon: Daemon) -> None:
    """The stacks that a fatal signal had written are there for the next daemon, which logs them and says them."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers", 0.001), sink_flow=QUICK)
    daemon.start()
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    daemon.kill()
    os.kill(pid, signal.SIGABRT)
    wait_until(lambda: not lives(pid), DEADLINE_S, "its end")
    daemon.start()
    stacks = daemon.wait_for("flow_exited", "b")["details"]["stacks"]
    assert stacks.startswith("Fatal Python error: Aborted")
    assert "Fatal Python error: Aborted" in daemon.ctl("logs", "p/b").stdout
    assert daemon.stop() == 0
    assert not list(daemon.runtime.glob("*.stacks"))


def test_a_standby_is_ended_and_another_one_comes(daemon: Daemon) -> None:
    """The next daemon can give no order to the old one; the flow gets a standby of its own, which takes over."""
    file = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(), writes(file, 0.001), sink_flow={**QUICK, "standby": True})
    daemon.start()
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    (old,) = wait_until(lambda: processes("p/b") - {pid}, DEADLINE_S, "the standby")
    daemon.kill()
    daemon.start()
    (new,) = wait_until(lambda: processes("p/b") - {pid, old}, DEADLINE_S, "another standby")
    assert wait_state(daemon, "b", "RUNNING")["pid"] == pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: flow(daemon, "b").get("generation") == 2, DEADLINE_S, "the next generation")
    assert wait_state(daemon, "b", "RUNNING")["pid"] == new
    wait_until(lambda: not lives(old), DEADLINE_S, "the end of the old standby")
    stop_and_compare(daemon, file)

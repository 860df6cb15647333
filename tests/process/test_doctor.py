"""pipertctl doctor beside a real daemon."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


def examined(daemon: Daemon) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and the findings but for what this machine lacks anyway."""
    done = daemon.ctl("doctor", "-o", "json")
    found = json.loads(done.stdout)["findings"]
    return done.returncode, [each for each in found if each["subject"] != "cgroups"]


def running(daemon: Daemon, **more: Any) -> Daemon:
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers", pause_s=0.001), **more)
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") in ("RUNNING", "FAILED"), DEADLINE_S, "p to run")
    return daemon


def test_a_daemon_that_is_well_has_no_finding(daemon: Daemon) -> None:
    """The exit code is 0, and people read that nothing is wrong."""
    assert examined(running(daemon)) == (0, [])
    assert daemon.ctl("doctor").stdout.splitlines()[-1] == "nothing is wrong with this machine"


def test_a_daemon_that_was_killed_leaves_a_stale_socket(daemon: Daemon) -> None:
    """It is told from one that never ran; with the next daemon the finding is gone."""
    running(daemon).kill()
    code, (finding,) = examined(daemon)
    assert (code, finding["severity"], finding["subject"]) == (1, "fault", "daemon")
    assert finding["what"] == f"nobody listens at {daemon.runtime / 'control.sock'} any more"
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to be adopted")
    assert examined(daemon) == (0, [])


def test_a_daemon_that_hangs_is_replaced_by_the_command(daemon: Daemon) -> None:
    """A held daemon answers nothing; the command ends it, its flows go on, and the next one adopts them."""
    process = running(daemon).process
    assert process is not None
    pids = [flow["pid"] for flow in daemon.status("p")["flows"]]
    subprocess.run(["kill", "-STOP", str(process.pid)], check=True)
    code, (finding,) = examined(daemon)
    assert (code, finding["why"]) == (1, "it hangs; its flows work on")
    subprocess.run(["sh", "-c", finding["command"]], check=True, timeout=DEADLINE_S)
    process.wait(DEADLINE_S)
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to be adopted")
    assert [flow["pid"] for flow in daemon.status("p")["flows"]] == pids
    assert examined(daemon) == (0, [])


def test_a_daemon_elsewhere_that_does_not_answer_is_a_fault(daemon: Daemon) -> None:
    """Its machine cannot be looked at from here; that is said, and what to do."""
    done = daemon.ctl("doctor", "--address", "localhost:1", "-o", "json")
    document = json.loads(done.stdout)
    (finding,) = document["findings"]
    assert (done.returncode, finding["what"]) == (1, "the daemon at localhost:1 does not answer")
    assert document["left_out"] == ["the machine of the daemon: run doctor there"]


def test_definitions_of_the_daemon_are_looked_at(daemon: Daemon) -> None:
    """A file that broke since it was loaded is a fault, before anybody reloads; so is an interpreter that went."""
    running(daemon)
    (daemon.definitions / "q.yaml").write_text("pipeline: q\nflows: {}\n")
    write_definition(daemon.definitions / "r.yaml", counts(), writes(daemon.folder / "r"), python="/nowhere/python")
    code, (first, second) = examined(daemon)
    assert code == 1
    assert (first["subject"], second["subject"]) == ("definitions", "interpreters")
    assert f"{daemon.definitions / 'q.yaml'}:2:8" in first["what"]


def test_a_definition_that_the_daemon_did_not_load_is_a_fault(daemon: Daemon) -> None:
    """Its text may be well: what class is missing the daemon knows, who may only observe does not, and that is said."""
    nowhere = {"class": "no_such_module:Count"}
    write_definition(daemon.definitions / "q.yaml", nowhere, writes(daemon.folder / "q"))
    code, (finding,) = examined(running(daemon))
    assert (code, finding["severity"], finding["subject"]) == (1, "fault", "definitions")
    assert f"{daemon.definitions / 'q.yaml'}:" in finding["what"]
    assert "No module named 'no_such_module'" in finding["what"]
    done = daemon.ctl("doctor", "--address", str(daemon.runtime / "observe.sock"), "-o", "json")
    (left_out,) = [each for each in json.loads(done.stdout)["left_out"] if "definitions" in each]
    assert left_out.startswith("definitions as the daemon loads them: cannot ")


def test_classes_that_nobody_imported_are_named(daemon: Daemon) -> None:
    """Of a definition that no daemon loads, doctor says what it did not look at, and who does."""
    file = write_definition(daemon.folder / "q.yaml", {"class": "no_such_module:Count"}, writes(daemon.folder / "q"))
    done = daemon.ctl("doctor", str(file))
    assert f"not looked at: the classes of these definitions: run `pipertctl check {file}`\n" in done.stdout


def test_a_flow_that_is_given_up_is_a_note(daemon: Daemon) -> None:
    """Nothing of the machine is wrong; its log is named, and what starts it again."""
    failing = {"class": "failing:Failing", "params": {"what": "exit"}}
    never = {"restart": {"policy": "never"}}
    write_definition(daemon.definitions / "p.yaml", counts(), failing, sink_flow=never)
    daemon.start()
    daemon.wait_for("flow_failed", "b")
    code, (finding,) = examined(daemon)
    assert (code, finding["severity"]) == (0, "note")
    assert finding["what"].startswith("p/b is FAILED: ")
    assert finding["command"] == "pipertctl logs p/b -n 50 && pipertctl start p/b"

"""pipertctl against a real daemon: what people type, what they read, and the exit codes that scripts go by."""

from __future__ import annotations

import json
import select
import signal
import subprocess
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from pipertd.rpc import pipeline_pb2, pipeline_pb2_grpc
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

SERVICES = {"EventService", "LogService", "PipelineService", "QuarantineService", "StatusService"}


@pytest.fixture
def street(daemon: Daemon) -> Daemon:
    """A daemon with the pipeline ``p``: a/count → b/sink."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers", pause_s=0.001))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    return daemon


def test_top_shows_the_status_again_and_again(street: Daemon) -> None:
    """Each look is a table, or a document on a line of its own, as new as its moment; after the last one it ends."""
    shown = street.ctl("top", "p", "--every", "0.1", "-n", "2")
    assert (shown.returncode, shown.stdout.count("end to end:")) == (0, 2)
    assert "a/count -> b/sink" in shown.stdout

    def grows() -> bool:
        looks = street.ctl("top", "-o", "json", "--every", "0.5", "-n", "2").stdout.splitlines()
        first, second = (json.loads(look)["pipelines"][0]["links"][0]["delivered"] for look in looks)
        return bool(first < second)

    wait_until(grows, DEADLINE_S, "messages between two looks")
    assert street.ctl("top", "nowhere").returncode == 4


def test_status_shows_flows_and_counts(street: Daemon) -> None:
    """Every flow has pid, state, generation and restarts, every link its count; the table says the same to people."""
    status = street.status("p")
    assert [flow["name"] for flow in status["flows"]] == ["a", "b"]
    for flow in status["flows"]:
        assert (flow["state"], flow["generation"], flow["restarts"]) == ("RUNNING", 1, 0)
        assert Path(f"/proc/{flow['pid']}").exists()
        assert flow["usage"]["cpu_s"] > 0
        assert flow["usage"]["memory_bytes"] > 0
    (link,) = status["links"]
    assert (link["from"], link["to"]) == ("a/count", "b/sink")
    assert {"produced", "delivered", "failed", "dropped", "quarantined", "in_flight"} <= set(link)
    assert link["produced"] >= link["delivered"]
    assert json.loads(street.ctl("status", "-o", "json").stdout)["pipelines"][0]["flows"][0]["name"] == "a"
    table = street.ctl("--address", str(street.runtime / "control.sock"), "status").stdout
    assert "p: RUNNING" in table
    assert "a/count -> b/sink" in table


def test_event_reaches_its_handler_and_prints_the_answer(street: Daemon) -> None:
    """Parameters arrive as they were written, and what the handler returned is printed."""
    done = street.ctl("event", "--timeout", "60", "NOTE", "p", "text=hello")
    assert done.returncode == 0
    assert json.loads(done.stdout.removeprefix("b/sink: ")) == {"noted": "hello", "generation": 1}
    (answer,) = json.loads(street.ctl("-o", "json", "event", "--timeout", "60", "NOTE", "p/b/sink", "text=7").stdout)
    assert answer["value"] == {"noted": 7, "generation": 1}


def test_handlers_are_listed_with_what_they_take(street: Daemon) -> None:
    """One line an event; of a flow that is down that it is, and of one without events of its own that it has none."""
    wait_until(lambda: "tells nothing" not in street.ctl("handlers", "p").stdout, DEADLINE_S, "both flows to tell")
    done = street.ctl("handlers", "p/b")
    assert (done.returncode, done.stderr) == (0, "")
    titles, *_, last = done.stdout.splitlines()
    assert " ".join(titles.split()) == "ROUTINE EVENT PARAMETERS"
    assert " ".join(last.split()) == "b/sink NOTE text: str | int"
    assert street.ctl("handlers", "p/a").stdout == "no routine of p/a handles an event of its own\n"
    assert street.ctl("handlers", "p/nope").returncode == 4
    street.ctl("stop", "p/b")
    told = street.ctl("handlers", "p/b")
    assert (told.returncode, told.stdout) == (
        0,
        "flow b tells nothing: it is STOPPED and cannot be asked now\n",
    )


def test_a_misspelt_parameter_is_named_and_a_large_event_told_the_most(street: Daemon) -> None:
    """What is near, and what to do."""
    done = street.ctl("event", "--timeout", "60", "NOTE", "p", "txt=7")
    assert done.stdout == (
        "b/sink: error: cannot use these parameters: "
        "there is no 'txt' (did you mean 'text'?); 'text' is missing (it takes: text)\n"
    )
    done = street.ctl("event", "NOTE", "p", f"text={'x' * 70_000}")
    assert "cannot send event NOTE: it takes 70" in done.stderr
    assert "65536 are the most: write what is large into a file" in done.stderr


def test_event_that_fails_says_so(street: Daemon) -> None:
    """A handler that raises is an answer with an error and exit 1; one that does not answer in time is exit 8."""
    done = street.ctl("event", "--timeout", "60", "BREAK", "p")
    assert (done.returncode, done.stdout) == (1, "b/sink: error: LookupError: nothing to find\n")
    assert street.ctl("event", "--timeout", "0.2", "DOZE", "p/b", "seconds=3").returncode == 8


def test_start_stop_and_restart(street: Daemon) -> None:
    """A flow is restarted within its run, a pipeline stops and starts again."""
    before = {flow["name"]: flow["pid"] for flow in street.status("p")["flows"]}
    assert street.ctl("restart", "p/b").returncode == 0
    wait_until(lambda: street.status("p")["state"] == "RUNNING", DEADLINE_S, "b to be back")
    after = {flow["name"]: flow["pid"] for flow in street.status("p")["flows"]}
    assert after["a"] == before["a"]
    assert after["b"] != before["b"]
    assert street.ctl("stop", "p").stdout == "p: STOPPED\n"
    (link,) = street.status("p")["links"]
    assert link["in_flight"] == 0
    assert link["produced"] == link["delivered"] + sum(link["dropped"].values())
    assert street.ctl("start", "p").returncode == 0
    wait_until(lambda: street.status("p")["state"] == "RUNNING", DEADLINE_S, "p to run again")


def test_pause_resume_and_kill(street: Daemon) -> None:
    """Each says what became of it, and for what a routine stands; status shows a pause to people and to programs."""
    assert street.ctl("pause", "p/b").stdout == "p/b: RUNNING, paused\n"
    assert [flow["paused"] for flow in street.status("p")["flows"]] == [False, True]
    assert "RUNNING, paused" in street.ctl("status", "p").stdout
    assert street.ctl("resume", "p/b/sink").stdout == "p/b: RUNNING (routine sink stands for its flow)\n"
    assert street.ctl("kill", "p/b").stdout in ("p/b: BACKING_OFF\n", "p/b: STARTING\n")  # it is dead by now
    wait_until(lambda: street.status("p")["flows"][1]["generation"] == 2, DEADLINE_S, "b to be back")
    street.ctl("stop", "p/a")
    assert street.ctl("pause", "p").stdout.endswith(", paused\n")  # all of it that is up
    street.ctl("stop", "p")
    done = street.ctl("kill", "p")
    assert (done.returncode, done.stderr) == (6, "pipertctl: cannot kill p: it is STOPPED\n")
    assert street.ctl("pause", "p/b/nobody").returncode == 4


def test_an_answer_names_what_was_acted_on(street: Daemon) -> None:
    """Over the API too a routine stands for its flow, and the answer says which one that is."""
    routine = pipeline_pb2.Target(pipeline="p", flow="b", routine="sink")
    with grpc.insecure_channel(f"unix:{street.runtime / 'control.sock'}") as channel:
        stub = pipeline_pb2_grpc.PipelineServiceStub(channel)
        paused = stub.PausePipeline(pipeline_pb2.PausePipelineRequest(target=routine), timeout=DEADLINE_S)
        resumed = stub.ResumePipeline(pipeline_pb2.ResumePipelineRequest(target=routine), timeout=DEADLINE_S)
    assert paused.target == resumed.target == pipeline_pb2.Target(pipeline="p", flow="b")
    assert ([flow.paused for flow in paused.pipeline.flows], resumed.pipeline.flows[1].paused) == ([False, True], False)


def test_reload_shows_the_plan_and_does_it(street: Daemon) -> None:
    """``--plan`` shows what a change would do; without, it is done; a problem is exit 5, and changes nothing."""
    before = {flow["name"]: flow["pid"] for flow in street.status("p")["flows"]}
    file = street.definitions / "p.yaml"
    write_definition(file, counts(), writes(street.folder / "numbers", pause_s=0.002))
    done = street.ctl("reload", "--plan")
    assert (done.returncode, [line.split() for line in done.stdout.splitlines()]) == (
        0,
        [
            ["PIPELINE", "FLOW", "WOULD", "BE", "BECAUSE", "OF"],
            ["p", "restarted", "in", "part", "-"],
            ["a", "unchanged", "-"],
            ["b", "restarted", "params", "of", "sink"],
        ],
    )
    assert {flow["name"]: flow["pid"] for flow in street.status("p")["flows"]} == before
    (plan,) = json.loads(street.ctl("-o", "json", "reload").stdout)["plans"]
    assert plan["flows"][1] == {"flow": "b", "action": "restarted", "keys": ["params of sink"]}
    wait_until(lambda: street.status("p")["state"] == "RUNNING", DEADLINE_S, "b to be back")
    after = {flow["name"]: flow["pid"] for flow in street.status("p")["flows"]}
    assert (after["a"] == before["a"], after["b"] == before["b"]) == (True, False)
    write_definition(file, counts(), writes(street.folder / "numbers", pause_s=0.002), shm_limit="no size")
    done = street.ctl("reload")
    assert (done.returncode, done.stdout) == (5, "")
    assert "p.yaml:" in done.stderr.splitlines()[0]
    assert done.stderr.splitlines()[-1] == "pipertctl: cannot reload: a definition has problems; nothing is changed"
    assert {flow["name"]: flow["pid"] for flow in street.status("p")["flows"]} == after


def test_logs_are_filtered_and_followed(street: Daemon) -> None:
    """A filter shows one flow's records; -f goes on as they are written."""
    follower = subprocess.Popen(
        street.ctl_command("-o", "json", "logs", "-f", "-n", "0", "p/b/sink"), stdout=subprocess.PIPE, text=True
    )
    try:
        assert follower.stdout is not None
        wait_until(
            lambda: street.ctl("event", "NOTE", "p", "text=again").returncode == 0 and _is_readable(follower),
            DEADLINE_S,
            "the follower",
        )
        record = json.loads(follower.stdout.readline())
        assert (record["flow"], record["routine"], record["message"]) == ("b", "sink", "noted again")
    finally:
        follower.send_signal(signal.SIGINT)
        follower.communicate(timeout=DEADLINE_S)
    shown = street.ctl("-o", "json", "logs", "p/b/sink", "--level", "info").stdout.splitlines()
    assert {json.loads(line)["message"] for line in shown} == {"noted again"}
    assert street.ctl("logs", "p/a", "--level", "error").stdout == ""


def _is_readable(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return bool(select.select([process.stdout], [], [], 0)[0])


def test_watch_begins_where_it_is_told(street: Daemon) -> None:
    """From revision 1 on, every notice comes, numbered without a gap."""
    watcher = subprocess.Popen(
        street.ctl_command("-o", "json", "watch", "--from", "1"), stdout=subprocess.PIPE, text=True
    )
    try:
        assert watcher.stdout is not None
        notices = [json.loads(watcher.stdout.readline()) for _ in range(5)]
        assert [notice["revision"] for notice in notices] == [1, 2, 3, 4, 5]
        assert notices[0]["kind"] == "daemon_started"
    finally:
        watcher.send_signal(signal.SIGINT)
        watcher.communicate(timeout=DEADLINE_S)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("start", "nowhere"), 4),
        (("status", "p/nowhere"), 4),
        (("logs", "nowhere"), 4),
        (("logs", "p/b/nowhere"), 4),
        (("start", "not a name"), 2),
        (("event", "NOTE", "p", "no-equals-sign"), 2),
        (("frobnicate",), 2),
        (("logs", "--since", "yesterday"), 2),
        (("watch", "--from", "1000000"), 1),
    ],
)
def test_refusals_are_one_line_and_an_exit_code(street: Daemon, arguments: tuple[str, ...], code: int) -> None:
    """What cannot be done is said on stderr, and the exit code tells a script what kind of thing it was."""
    done = street.ctl(*arguments)
    assert done.returncode == code
    assert done.stdout == ""
    if code != 2:
        assert len(done.stderr.splitlines()) == 1


def test_no_daemon_is_exit_3(tmp_path: Path) -> None:
    """Where nobody listens, one line says where it looked and what to try."""
    done = Daemon(tmp_path).ctl("status")
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    assert "cannot reach the daemon" in done.stderr


def test_check_needs_no_daemon(tmp_path: Path) -> None:
    """A valid file is exit 0, an invalid one exit 5 with a line for each problem."""
    good = write_definition(tmp_path / "good.yaml", counts(), writes(tmp_path / "numbers"))
    bad = write_definition(
        tmp_path / "bad.yaml", counts(), writes(tmp_path / "numbers"), colour="red", shm_limit="much"
    )
    ctl = Daemon(tmp_path).ctl
    assert ctl("check", str(good)).returncode == 0
    done = ctl("check", str(good), str(bad))
    assert done.returncode == 5
    assert len(done.stderr.splitlines()) == 2
    assert all(line.startswith(f"{bad}:") for line in done.stderr.splitlines())


def test_services_are_listed_by_reflection(street: Daemon) -> None:
    """Any gRPC tool can ask the socket what it serves, and its health."""
    with grpc.insecure_channel(f"unix:{street.runtime / 'control.sock'}") as channel:
        listed = set(ProtoReflectionDescriptorDatabase(channel).get_services())
        assert {f"pipertd.v1.{name}" for name in SERVICES} <= listed
        assert {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"} <= listed
        answer = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(service="pipertd.v1.StatusService"), timeout=DEADLINE_S
        )
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_socket_is_closed_to_others(street: Daemon) -> None:
    """The control socket has mode 0660 from its first moment."""
    assert (street.runtime / "control.sock").stat().st_mode & 0o777 == 0o660


def test_a_daemon_without_definitions_says_so(daemon: Daemon) -> None:
    """In words, not by the head of an empty table."""
    daemon.start()
    daemon.wait_loaded()
    said = [daemon.ctl(*words).stdout for words in (("status",), ("reload", "--plan"), ("reload",))]
    assert said == ["no pipelines are loaded\n", "there are no definitions\n", "there are no definitions\n"]

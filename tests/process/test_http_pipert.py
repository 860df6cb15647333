"""The routes of PipeRT2's API wrapper, called with curl as its README has them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from pipertd.client import Client
from tests.process.definitions import counts, write_definition, writes
from tests.process.http_served import Http, http_of
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


@pytest.fixture
def http(served: Daemon) -> Iterator[Http]:
    with http_of(served) as one:
        yield one


def curl(http: Http, path: str, *options: str) -> tuple[int, Any]:
    """Its status and what it printed, which is a whole line."""
    done = subprocess.run(
        ["curl", "--silent", "--max-time", "60", "--write-out", "\n%{http_code}", *options, f"{http.url}{path}"],
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    assert body.endswith("}\n"), "a prompt of a shell stood behind it"
    return int(status), json.loads(body)


def with_arguments(**extra_args: object) -> tuple[str, ...]:
    return "-H", "Content-Type: application/json", "-d", json.dumps({"extra_args": extra_args})


def paused(daemon: Daemon) -> bool:
    return all(flow["paused"] for flow in daemon.status("p")["flows"])


def test_a_pipeline_is_paused_started_and_killed(served: Daemon, http: Http) -> None:
    """/pause, /start and /kill do so with the one pipeline, by GET as the README has it and by POST as the code has."""
    for method in ("GET", "POST"):
        do_all(served, http, method)


def do_all(served: Daemon, http: Http, method: str) -> None:
    assert curl(http, "/pause", "-X", method)[0] == 200
    assert paused(served)
    assert curl(http, "/start", "-X", method)[0] == 200
    wait_until(lambda: not paused(served), DEADLINE_S, "both flows to go on")
    assert curl(http, "/kill", "-X", method)[0] == 200
    assert served.status("p")["state"] == "STOPPED"
    assert curl(http, "/pipelines/p/start/", "-X", method)[0] == 200
    wait_until(lambda: served.status("p")["state"] == "RUNNING", DEADLINE_S, "it to be up again")


def test_structure_has_the_form_of_pipert2(served: Daemon, http: Http) -> None:
    """/pipe/structure names each routine with its flow and its own events, and the built-in ones."""
    with Client(served.address) as client:
        wait_until(lambda: not client.events.handlers("p").silent, DEADLINE_S, "both flows to tell their handlers")
    status, structure = curl(http, "/pipe/structure")
    assert status == 200
    assert structure == {
        "Routines": [
            {"flow_name": "a", "routine_name": "count", "events": []},
            {"flow_name": "b", "routine_name": "sink", "events": ["BREAK", "DOZE", "NOTE"]},
        ],
        "Events": ["start", "stop", "kill"],
    }


def test_a_custom_event_is_executed_with_extra_args(http: Http) -> None:
    """On one routine or on all, its parameters are those of extra_args in the body, and the handler's answer comes."""
    for before, to, after in product(("", "/pipelines/p"), ("/sink", "/b/sink", ""), ("", "/")):
        path = f"{before}/routines{to}/events/NOTE/execute{after}"
        status, told = curl(http, path, *with_arguments(text="rain"))
        assert status == 200, path
        (answer,) = told["answers"]
        assert (answer["routine"], answer["value"]["noted"]) == ("sink", "rain"), path


def test_one_routine_is_stopped_and_started(served: Daemon, http: Http) -> None:
    """The events stop and start of a routine are those of PipeRT2: it pauses, and goes on; the others do not."""

    def is_paused(routine: str) -> bool:
        told = curl(http, f"/routines/{routine}/events/log_data/execute", "-X", "GET")[1]["answers"]
        return bool(told[0]["value"]["paused"])

    assert curl(http, "/routines/count/events/stop/execute")[0] == 200
    assert (is_paused("count"), is_paused("sink")) == (True, False)
    assert curl(http, "/routines/count/events/start/execute")[0] == 200
    assert not is_paused("count")
    assert curl(http, "/routines/count/events/stop/execute")[0] == 200
    assert curl(http, "/start")[0] == 200
    assert not is_paused("count")
    assert curl(http, "/routines/sink/events/kill/execute")[0] == 200
    assert [flow["state"] for flow in served.status("p")["flows"]] == ["RUNNING", "STOPPED"]
    assert curl(http, "/routines/sink/events/start/execute")[0] == 200
    wait_until(lambda: served.status("p")["state"] == "RUNNING", DEADLINE_S, "both flows to be up")


def test_routines_are_unlinked_as_the_readme_has_it(daemon: Daemon) -> None:
    """POST to …/events/unlink/execute with unlink_routine_name takes the link away."""
    write_definition(
        daemon.definitions / "p.yaml",
        counts(),
        writes(daemon.folder / "numbers"),
        flows={
            "a": {"routines": {"count": counts()}},
            "b": {"routines": {"sink": writes(daemon.folder / "one"), "other": writes(daemon.folder / "two")}},
            "c": {"routines": {"more": counts()}},
        },
        links=[{"from": "count", "to": ["sink", "other"]}, {"from": "more", "to": ["other"]}],
    )
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "all flows")
    with http_of(daemon) as http:
        assert (
            curl(http, "/routines/count/events/unlink/execute", *with_arguments(unlink_routine_name="other"))[0] == 200
        )
        links = [
            (each["source"], each["destination"]) for each in http.get("/v1/pipelines/p").document["pipeline"]["links"]
        ]
        assert links == [("a/count", "b/sink"), ("c/more", "b/other")]
        status, refused = curl(http, "/routines/count/events/unlink/execute", "-X", "POST")
    assert (status, refused["reason"]) == (400, "BAD_REQUEST")


def test_what_is_not_there_is_said(http: Http) -> None:
    """An unknown routine, pipeline or path is 404 with the names that there are, never a silent 200."""
    status, refused = curl(http, "/routines/nobody/events/NOTE/execute", "-X", "POST")
    assert (status, refused["reason"]) == (404, "UNKNOWN_TARGET")
    assert "a/count, b/sink" in refused["detail"]
    assert curl(http, "/pipelines/nothing/start")[0] == 404
    assert curl(http, "/pipe/structures")[0] == 404


def test_of_several_pipelines_one_has_to_be_named(daemon: Daemon) -> None:
    """Without a name a request is refused with all names; with one it is done."""
    for name in ("p", "q"):
        write_definition(daemon.definitions / f"{name}.yaml", counts(2), writes(daemon.folder / name))
    daemon.start()
    daemon.wait_loaded()
    with http_of(daemon) as http:
        status, refused = curl(http, "/start")
        assert (status, refused["reason"], refused["metadata"]) == (409, "WHICH_PIPELINE", {"pipelines": "p, q"})
        assert "put /pipelines/NAME before the path" in refused["detail"]
        assert curl(http, "/pipelines/q/start")[0] == 200

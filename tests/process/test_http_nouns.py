"""Everything that the daemon can be asked, over HTTP."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipertd.client import Client
from tests.process.definitions import counts, write_definition, writes
from tests.process.http_served import Http, http_of
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


@pytest.fixture
def http(served: Daemon) -> Iterator[Http]:
    with http_of(served) as one:
        yield one


def test_pipelines_are_seen_and_steered(served: Daemon, http: Http) -> None:
    """Lists and snapshots, each verb on a pipeline and on a flow, in protobuf's JSON with the fields' own names."""
    (listed,) = http.get("/v1/pipelines").document["pipelines"]
    assert (listed["name"], listed["state"]) == ("p", "STATE_RUNNING")
    assert http.get("/v1/status?target=p/a").document["pipelines"][0]["links"][0]["source"] == "a/count"
    assert http.get("/v1/daemon").document["daemon"]["role"] == "ROLE_ADMIN"
    assert http.call("POST", "/v1/pipelines/p/flows/b/pause").document["target"] == {
        "pipeline": "p",
        "flow": "b",
        "routine": "",
    }
    assert [flow["paused"] for flow in http.get("/v1/pipelines/p").document["pipeline"]["flows"]] == [False, True]
    for verb in ("resume", "restart", "kill", "stop"):
        wait_until(lambda: {flow["state"] for flow in served.status("p")["flows"]} == {"RUNNING"}, DEADLINE_S, "both")
        assert http.call("POST", f"/v1/pipelines/p/flows/b/{verb}", {}).status == 200, verb
    assert http.call("POST", "/v1/pipelines/p/stop", {"now": True}).document["pipeline"]["state"] == "STATE_STOPPED"
    refused = http.call("POST", "/v1/pipelines/p/pause")
    assert (refused.status, refused.document["reason"], refused.document["code"]) == (
        409,
        "WRONG_STATE",
        "FAILED_PRECONDITION",
    )
    assert refused.headers["content-type"] == "application/problem+json"
    assert http.call("POST", "/v1/pipelines/p/start").status == 200
    wait_until(lambda: served.status("p")["state"] == "RUNNING", DEADLINE_S, "both flows")


def test_events_are_notified_with_their_answers(http: Http) -> None:
    """On a pipeline, a flow or a routine, with parameters and a time; and who handles what is told."""
    for aim in ("p", "p/flows/b", "p/flows/b/routines/sink"):
        told = http.call(
            "POST", f"/v1/pipelines/{aim}/events/NOTE", {"params": {"text": "rain"}, "timeout": "60s"}
        ).document
        (answer,) = told["answers"]
        assert (answer["flow"], answer["routine"], answer["value"]["noted"]) == ("b", "sink", "rain")
        handled = http.get(f"/v1/pipelines/{aim}/handlers").document["handlers"]
        assert [each["event"] for each in handled] == ["BREAK", "DOZE", "NOTE"]


def test_definitions_are_checked_planned_and_reloaded(served: Daemon, http: Http) -> None:
    """What is wrong with a text is told by line, and a reload says what it would do, and does it."""
    files = [{"name": "new.yaml", "text": "pipeline: new\nflows: 5\n"}]
    (problem,) = http.call("POST", "/v1/definitions/check", {"files": files}).document["problems"]
    assert (problem["file"], problem["line"], problem["path"]) == ("new.yaml", 2, "flows")
    write_definition(served.definitions / "q.yaml", counts(1), writes(served.folder / "q"))
    for how in ("plan", "reload"):
        plans = http.call("POST", f"/v1/definitions/{how}").document["plans"]
        assert [(plan["pipeline"], plan["action"]) for plan in plans] == [
            ("p", "PLAN_ACTION_UNCHANGED"),
            ("q", "PLAN_ACTION_ADDED"),
        ]
    assert http.get("/v1/pipelines/q").status == 200


def test_a_link_is_looked_at(http: Http) -> None:
    """The next message that passes, as JSON or as it is; one that is no picture, or within no link, is said."""
    path = "/v1/pipelines/p/tap?source=count&destination=b/sink"
    looked = http.get(path).document
    assert looked["message"]["number"] == int(looked["passed"]["sequence"])
    assert http.get(f"{path}&form=messagepack").body.startswith(b"\x81\xa6number")
    refused = http.get(f"{path}&form=png")
    assert (refused.status, refused.document["reason"]) == (409, "NO_PICTURE")
    assert http.get("/v1/pipelines/p/tap?source=sink&destination=count").status == 404


def test_a_picture_is_a_picture(daemon: Daemon) -> None:
    """A frame comes as PNG or JPEG, made as small as is asked; as JSON it has its dtype, shape and bytes."""
    source = {"class": "routines:Zeros", "params": {"amount": 1_000_000}, "fps": 50}
    sink = {"class": "routines:Look", "params": {"file": str(daemon.folder / "sums")}}
    write_definition(daemon.definitions / "p.yaml", source, sink)
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "both flows")
    path = "/v1/pipelines/p/tap?source=count&destination=sink"
    with http_of(daemon) as http:
        png = http.get(f"{path}&form=png&picture_width=16")
        assert (png.headers["content-type"], png.body[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
        assert int.from_bytes(png.body[16:20]) == 16
        assert http.get(f"{path}&form=jpeg&bgr=true").body[:3] == b"\xff\xd8\xff"
        array = http.get(path).document["message"]["array"]
    assert (array["dtype"], array["shape"]) == ("<i4", [100, 200])
    assert base64.b64decode(array["data"]) == bytes(100 * 200 * 4)


def test_logs_are_read_page_by_page(served: Daemon, http: Http) -> None:
    """The newest records, then those behind the cursor; nothing twice and nothing left out."""
    served.wait_for("flow_started", flow="b")
    everything = http.get("/v1/logs?limit=1000").document["records"]
    assert {"p", ""} <= {record["pipeline"] for record in everything}
    first = http.get("/v1/logs?limit=1&target=p").document
    http.call("POST", "/v1/pipelines/p/events/NOTE", {"params": {"text": "rain"}})
    behind = http.get(f"/v1/logs?limit=1000&target=p&cursor={first['cursor']}").document["records"]
    assert behind
    assert first["records"][0] not in behind
    assert http.get("/v1/logs?level=50").document["records"] == []
    assert http.get("/v1/logs?limit=1001").status == 400
    assert http.get("/v1/logs?target=nothing").status == 404
    assert http.get("/v1/logs?cursor=none").status == 400


def test_links_are_drawn_and_taken_away(daemon: Daemon) -> None:
    """While the pipeline runs; a link that the rest does not bear, or that is there, is a conflict."""
    write_definition(
        daemon.definitions / "p.yaml",
        counts(),
        writes(daemon.folder / "numbers"),
        flows={
            "a": {"routines": {"count": counts(), "more": counts()}},
            "b": {"routines": {"sink": writes(daemon.folder / "one"), "other": writes(daemon.folder / "two")}},
        },
        links=[{"from": "count", "to": ["sink"]}, {"from": "more", "to": ["other"]}],
    )
    daemon.start()
    daemon.wait_loaded()
    link = {"source": "count", "destination": "b/other", "policy": "drop_oldest", "depth": 2}
    with http_of(daemon) as http:
        assert http.call("POST", "/v1/pipelines/p/links", link).document["plan"]["pipeline"] == "p"
        assert http.call("POST", "/v1/pipelines/p/links", link).document["reason"] == "LINK_EXISTS"
        assert http.call("DELETE", "/v1/pipelines/p/links?source=count&destination=b/other").status == 200
        refused = http.call("DELETE", "/v1/pipelines/p/links?source=count&destination=sink")
    assert (refused.status, refused.document["reason"]) == (409, "INVALID_DEFINITION")


def test_quarantine_is_listed_read_and_dropped(daemon: Daemon, tmp_path: Path) -> None:
    """A message that was put aside is described, read as bytes and as JSON, and forgotten; then it is not there."""
    write_definition(
        daemon.definitions / "p.yaml",
        counts(7),
        {"class": "fatal:Poisoned", "params": {"file": str(tmp_path / "out"), "at": 5}},
        sink_flow={"restart": {"backoff": "1ms..1ms", "limit": "1000 in 60s"}},
        links=[{"from": "count", "to": ["sink"], "max_deliveries": 1}],
    )
    daemon.start()
    daemon.wait_for("pipeline_ended")
    with http_of(daemon) as http, Client(daemon.address) as client:
        (known,) = client.quarantine.list()
        (listed,) = http.get("/v1/quarantine?target=p").document["messages"]
        assert (listed["id"], listed["routine"]) == (known.id, "sink")
        one = f"/v1/quarantine/{known.id}"
        assert http.get(one).document["message"]["class_path"] == known.class_path
        assert len(http.get(f"{one}/payload").body) == known.length
        assert set(http.get(f"{one}/content").document["message"]) == {"number"}
        assert http.call("DELETE", one).status == 200
        for path in (one, f"{one}/payload", f"{one}/content"):
            refused = http.get(path)
            assert (refused.status, refused.document["reason"]) == (404, "UNKNOWN_MESSAGE"), path


def test_what_cannot_be_meant_is_refused(http: Http) -> None:
    """Bodies that are no JSON object, fields and parameters that are not known, doubles, wrong types: each in words."""
    sent = {
        b"{": "as JSON",
        b"[]": "no JSON object",
        b'{"now": NaN}': "no number of JSON",
        b'{"now": true, "now": false}': "twice",
        b'{"nwo": true}': "did you mean 'now'?",
        b'{"now": 5}': "now",
        b'{"now": null}': "null",
        b'{"target": {"pipeline": "q"}}': "target",
        b"\xff": "as JSON",
        b"[" * 100_000: "as JSON",
        b'{"now": ' + b"[" * 400 + b"]" * 400 + b"}": "now",
        b"9" * 10_000: "as JSON",
        '{"now": true}'.encode("utf-16"): "as JSON",
        b"{" + b"".join(b'"%d":1,' % n for n in range(80_000)) + b'"now":1,"now":2}': "twice",  # soon, not in minutes
    }
    for body, words in sent.items():
        refused = http.call("POST", "/v1/pipelines/p/stop", body, {"Content-Type": "application/json"})
        assert (refused.status, refused.document["reason"]) == (400, "BAD_REQUEST"), body
        assert words in refused.document["detail"]
    assert http.call("POST", "/v1/pipelines/p/stop", b"now=true").status == 415
    assert "did you mean 'target'?" in http.get("/v1/status?tarhet=p").document["detail"]
    assert http.get("/v1/status?target=p&target=p").status == 400
    assert http.get("/v1/status?target=a/b/c/d").status == 400
    assert http.get("/v1/watch?after_revision=x").status == 400
    assert http.get("/v1/pipelines/%2e%2e").status == 400
    refused = http.call("PUT", "/v1/pipelines/p/stop")
    assert (refused.status, refused.headers["allow"]) == (405, "POST")
    assert http.call("HEAD", "/v1/pipelines").status == 200
    assert http.call("HEAD", "/start").status == 405
    assert http.get("/v1/nothing").document["reason"] == "NOT_THERE"

"""What a real daemon logs of those who call it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc
import pytest

from pipertd.client import Client, ClientError
from pipertd.rpc.pipeline_pb2 import StopPipelineRequest, Target
from pipertd.rpc.pipeline_pb2_grpc import PipelineServiceStub
from tests.process.authorities import Authority, port
from tests.process.definitions import counts, write_definition, writes
from tests.process.put_aside import frame, put_aside
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

FIELDS = ("rpc", "request", "door", "role", "certificate", "code", "reason")


def lines(daemon: Daemon, count: int) -> list[dict[str, Any]]:
    """The audit, when it has ``count`` lines."""

    def found() -> list[dict[str, Any]]:
        done = daemon.ctl("-o", "json", "logs")
        records = [json.loads(line) for line in done.stdout.splitlines()]
        audit = [record for record in records if record["logger"] == "pipertd.control.audit"]
        return audit if len(audit) >= count else []

    return wait_until(found, DEADLINE_S, f"{count} lines of audit")


def test_changes_and_refusals_are_logged_once_and_looks_are_not(daemon: Daemon, tmp_path: Path) -> None:
    """Who, what, how it ended: one line each; of an event's parameters their names only."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(tmp_path / "numbers", pause_s=0.001))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "both flows")
    with (
        Client(str(daemon.runtime / "control.sock")) as admin,
        Client(str(daemon.runtime / "observe.sock")) as observer,
    ):
        admin.events.notify("zoom", "p", {"password": "hunter2", "by\n": 2})
        with pytest.raises(ClientError):
            observer.pipelines.stop("p/a")
        with pytest.raises(ClientError):
            admin.pipelines.stop("nobody")
        admin.pipelines.stop("p", now=True)
    audit = lines(daemon, 4)
    assert [tuple(record["fields"][key] for key in FIELDS) for record in audit] == [
        ("NotifyEvent", "event=zoom p params: by\\n, password", "control.sock", "admin", "", "OK", ""),
        ("StopPipeline", "p/a", "observe.sock", "observer", "", "PERMISSION_DENIED", "NOT_PERMITTED"),
        ("StopPipeline", "nobody", "control.sock", "admin", "", "NOT_FOUND", "UNKNOWN_TARGET"),
        ("StopPipeline", "p now=True", "control.sock", "admin", "", "OK", ""),
    ]
    assert "hunter2" not in json.dumps(audit)
    assert all("\n" not in record["message"] for record in audit)
    assert audit[0]["fields"]["claimed_uid"].isdecimal()
    assert "control.sock, role admin, uid " in audit[0]["message"]


def test_what_runs_code_or_shows_messages_is_logged_too(daemon: Daemon, tmp_path: Path) -> None:
    """A tap when it begins and when it ends, a payload, a check that imports classes; one that does not is a look."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(tmp_path / "numbers", pause_s=0.001))
    kept = put_aside(daemon.state / "quarantine", frame())
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "both flows")
    texts = {"q.yaml": "pipeline: q"}
    with Client(daemon.address) as admin:
        with admin.taps.look("p", "count", "sink", form="png") as passing:
            next(passing)
            (begun,) = lines(daemon, 1)
        lines(daemon, 2)
        list(admin.quarantine.read_payload(kept.id))
        admin.pipelines.check(texts)
        admin.pipelines.check(texts, classes=True)
        with pytest.raises(ClientError):
            next(admin.taps.look("p", "nobody", "sink"))
    tap = "pipeline=p source=count destination=sink format=TAP_FORMAT_PNG"
    audit = lines(daemon, 6)
    assert begun["fields"]["code"] == "BEGUN"
    ended = audit[1]["fields"]["code"]
    assert ended in ("OK", "CANCELLED")  # a client that leaves ends its side and hangs up, whichever is heard first
    told = [tuple(record["fields"][key] for key in ("rpc", "request", "code")) for record in audit]
    assert [(rpc, request.partition(" credit=")[0], code) for rpc, request, code in told] == [
        ("TapLink", tap, "BEGUN"),
        ("TapLink", tap, ended),
        ("ReadPayload", f"id={kept.id}", "OK"),
        ("CheckDefinitions", "files: 1 classes=True", "OK"),
        ("TapLink", "pipeline=p source=nobody destination=sink format=TAP_FORMAT_MESSAGEPACK", "BEGUN"),
        ("TapLink", "pipeline=p source=nobody destination=sink format=TAP_FORMAT_MESSAGEPACK", "NOT_FOUND"),
    ]


def test_over_tcp_the_line_has_the_certificate_and_the_address(daemon: Daemon, tmp_path: Path) -> None:
    """Also of somebody who has no role; what they asked for is cut, and no terminal obeys it."""
    authority = Authority(tmp_path)
    daemon.settings.write_text(authority.settings())
    daemon.start()
    with grpc.secure_channel(f"127.0.0.1:{port(daemon)}", authority.credentials("mallory")) as channel:
        stub = PipelineServiceStub(channel)
        with pytest.raises(grpc.RpcError):
            stub.StopPipeline(StopPipelineRequest(target=Target(pipeline="\x1b[2J" + "x" * 1000)), timeout=DEADLINE_S)
    (line,) = lines(daemon, 1)
    assert line["message"].startswith("StopPipeline \\x1b[2Jxxx")
    assert "PERMISSION_DENIED (NOT_PERMITTED)" in line["message"]
    assert "asked by mallory at ipv4:127.0.0.1:" in line["message"]
    assert len(line["message"]) < 400

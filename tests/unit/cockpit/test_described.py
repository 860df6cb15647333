"""What describes the HTTP API is what it is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from pipertd.cockpit import limits, logs, quarantine, taps
from pipertd.cockpit.application import ROUTES
from pipertd.cockpit.pages import OPENAPI, PAGE
from pipertd.cockpit.problem import STATUSES
from pipertd.cockpit.rpcs import RPCS, Right

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs/http.md").read_text()


def test_every_rpc_has_a_route_in_v1() -> None:
    """What the daemon can be asked over gRPC it can be asked over HTTP."""
    assert {route.rpc.name for route in ROUTES if route.path.startswith("/v1/")} == set(RPCS)


def test_what_is_written_ahead_is_current() -> None:
    """The OpenAPI document, the page and the table in docs/http.md are those of the routes and the protos."""
    command = [sys.executable, "-m", "pipertd.cockpit.document", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_get_of_v1_changes_nothing_and_what_changes_takes_control() -> None:
    """By /v1 nothing is changed by a GET; and nobody changes anything who may only read, by any route."""
    for route in ROUTES:
        if route.path.startswith("/v1/") and route.method == "GET":
            assert not route.rpc.changes, route
        if route.rpc.changes:
            assert route.rpc.right is Right.CONTROL, route


def test_every_reference_leads_somewhere() -> None:
    """Each schema that the document refers to is in it, and each of its own links leads to a place in the page."""
    text = OPENAPI.read_text()
    schemas = json.loads(text)["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) == set(schemas)
    page = PAGE.read_text()
    assert set(re.findall(r'href="#(\w+)"', page)) <= set(re.findall(r'id="(\w+)"', page))


def test_the_page_loads_nothing() -> None:
    """It works where there is no network, and runs nothing."""
    page = PAGE.read_text()
    assert "<script" not in page
    assert not re.search(r'(src|href)="(?!#|/openapi.json")', page)


def value(what: str) -> str:
    found = re.search(rf"^\| {re.escape(what)} \| ([^|]*) \|", DOCUMENT, re.MULTILINE)
    assert found is not None, what
    return found[1]


def test_limits_are_those_that_people_read() -> None:
    """The numbers in docs/http.md are those of the code."""
    mib = 1024 * 1024
    readers = "of who may only read"
    assert (
        value("streams, looks at a link, payloads") == f"{limits.MOST_STREAMS}; {limits.STREAMS_OF_READERS} {readers}"
    )
    assert value("calls that look") == f"{limits.MOST_LOOKS}; {limits.LOOKS_OF_READERS} {readers}"
    assert value("calls that change something") == f"{limits.MOST_CHANGES}"
    assert value("bodies that have not arrived") == f"{limits.MOST_BODIES}"
    assert value("connections") == f"{limits.MOST_CONNECTIONS}"
    assert value("a request's line and headers") == f"{limits.MOST_HEAD_BYTES // 1024} KiB"
    assert value("a body") == f"{limits.MOST_BODY_BYTES // mib} MiB"
    assert value("time until headers are there") == f"{limits.HEAD_S:g} s"
    assert value("time until a body is there") == f"{limits.BODY_S:g} s"
    assert value("time in which a client reads nothing") == f"{limits.UNREAD_S:g} s"
    assert value("records of a page of logs") == f"{logs.MOST_PAGE}, {logs.MOST_PAGE_BYTES // mib} MiB"
    assert value("a message as JSON") == (
        f"{taps.MOST_BYTES // mib} MiB of a look, {quarantine.MOST_JSON_BYTES // mib} MiB of quarantine"
    )


def test_statuses_are_those_that_people_read() -> None:
    """Each code of gRPC has the status that docs/http.md says."""
    rows = re.findall(r"^\| ([A-Z_, ]+) \| (\d{3})", DOCUMENT, re.MULTILINE)
    told = {code: int(status) for codes, status in rows for code in codes.split(", ")}
    assert told == {code: status for code, status in STATUSES.items() if code in told}
    assert set(STATUSES) - set(told) == {"UNAUTHENTICATED", "UNIMPLEMENTED"}

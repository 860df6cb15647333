"""The unit of the HTTP API: as little of the system as it needs, and answers all the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.service import UNITS, journal, run
from tests.waiting import wait_until

URL = "http://127.0.0.1:7480"
CREDENTIALS = Path("/etc/credstore")
DROP_INS = UNITS / "pipertd-http.service.d"
MOST_EXPOSURE = 2.0
TOKEN = "t" * 32


@pytest.fixture
def http(service: None) -> Iterator[None]:
    """The service with its HTTP API, as it ships."""
    run("systemctl", "start", "pipertd-http")
    yield
    run("systemctl", "stop", "pipertd-http")
    for folder in (CREDENTIALS, DROP_INS):
        shutil.rmtree(folder, ignore_errors=True)
    run("systemctl", "daemon-reload")


def status_of(path: str, *options: str) -> int:
    """What curl is answered, 0 where nobody answers."""
    command = ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", *options, f"{URL}{path}"]
    return int(subprocess.run(command, check=False, capture_output=True, text=True).stdout)


def test_it_looks_and_changes_nothing(http: None) -> None:
    """As it ships it tells of pipelines, and the daemon refuses what it would change; its user is its own."""
    (numbers,) = json.loads(run("curl", "--silent", f"{URL}/v1/pipelines"))["pipelines"]
    assert numbers["name"] == "numbers"
    assert status_of("/kill") == 403
    pid = run("systemctl", "show", "--value", "--property=MainPID", "pipertd-http").strip()
    assert Path(f"/proc/{pid}").owner() == "pipertd-http"


def test_it_is_open_to_little(http: None) -> None:
    """By the measure of systemd-analyze, and with nothing wrong in the unit."""
    told = run("systemd-analyze", "security", "--no-pager", "pipertd-http.service").splitlines()[-1]
    exposure = re.search(r"\d+\.\d+", told)
    assert exposure is not None
    assert float(exposure[0]) <= MOST_EXPOSURE, told
    assert not run("systemd-analyze", "verify", "--man=no", UNITS / "pipertd-http.service")


def test_it_outlives_its_daemon(http: None) -> None:
    """While the daemon is down it says so, and when it is back it answers, by the same process."""
    pid = run("systemctl", "show", "--value", "--property=MainPID", "pipertd-http")
    run("systemctl", "stop", "pipertd")
    assert status_of("/v1/status") == 503
    run("systemctl", "start", "pipertd")
    wait_until(lambda: status_of("/v1/status") == 200, what="the API to answer again")
    assert run("systemctl", "show", "--value", "--property=MainPID", "pipertd-http") == pid


def test_tokens_are_credentials_and_control_takes_one(http: None) -> None:
    """With tokens in /etc/credstore nobody gets anything without; by control.sock that to control may do all."""
    CREDENTIALS.mkdir(mode=0o700)
    (CREDENTIALS / "pipertd-http-control").write_text(TOKEN)
    DROP_INS.mkdir()
    command = "/usr/bin/pipertd-http --address /run/pipertd/control.sock --listen 0.0.0.0:7480"
    (DROP_INS / "control.conf").write_text(f"[Service]\nSupplementaryGroups=pipertd\nExecStart=\nExecStart={command}\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "pipertd-http")
    assert status_of("/v1/status") == status_of("/start") == 401
    assert status_of("/start", "--header", f"Authorization: Bearer {TOKEN}") == 200
    said = journal("--unit=pipertd-http")
    assert "GET /start, asked by 127.0.0.1 with the right to control" in said
    assert TOKEN not in said

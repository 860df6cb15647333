"""Who may ask a real server, by token, origin and host; and that no token is said to anybody."""

from __future__ import annotations

import http.client as http_client
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process.authorities import Authority, port
from tests.process.http_served import PROGRAM, http_of
from tests.process.served import DEADLINE_S, Daemon

READ, CONTROL = "r" * 32, "c" * 32


@pytest.fixture
def tokens(tmp_path: Path) -> tuple[str, ...]:
    """As options."""
    options: list[str] = []
    for name, token in (("read", READ), ("control", CONTROL)):
        file = tmp_path / name
        file.write_text(f"{token}\n")
        file.chmod(0o600)
        options += [f"--{name}-token", str(file)]
    return tuple(options)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_token_gives_its_right_and_no_more(served: Daemon, tokens: tuple[str, ...]) -> None:
    """Without one nothing is told, with that to read nothing is changed or shown; and none of it is in the log."""
    with http_of(served, *tokens) as http:
        for path in ("/v1/status", "/v1/watch", "/start", "/v1/quarantine"):
            refused = http.get(path)
            assert (refused.status, refused.document["reason"]) == (401, "NO_TOKEN"), path
            assert refused.headers["www-authenticate"].startswith("Bearer")
            for wrong in ("Bearer x", "Bearer", f"Basic {CONTROL}", CONTROL, f"Bearer {CONTROL[:-1]}", "Bearer \xff"):
                assert http.get(path, Authorization=wrong).status == 401, wrong
        assert http.call("GET", "/v1/status", headers=bearer(READ)).status == 200
        for method, path in (
            ("GET", "/start"),
            ("POST", "/v1/pipelines/p/stop"),
            ("GET", "/v1/quarantine"),
            ("GET", "/v1/pipelines/p/tap?source=count&destination=sink"),
            ("POST", "/v1/definitions/plan"),
        ):
            refused = http.call(method, path, headers=bearer(READ))
            assert (refused.status, refused.document["reason"]) == (403, "NOT_PERMITTED"), path
        assert http.call("GET", "/start", headers=bearer(CONTROL)).status == 200
        assert http.get("/docs").status == http.get("/openapi.json").status == 200
        http.process.terminate()
        assert http.process.wait(DEADLINE_S) == 0
        assert http.process.stderr is not None
        said = http.process.stderr.read()
    assert "GET /start, asked by 127.0.0.1 with the right to control" in said
    assert "refused a wrong token from 127.0.0.1" in said
    assert READ not in said
    assert CONTROL not in said
    assert served.status("p")["state"] == "RUNNING"


def test_pages_of_others_and_names_of_others_get_nothing(served: Daemon) -> None:
    """A foreign Origin or Host is refused whatever it asks, and so is what a browser says another page leads here."""
    with http_of(served) as http:
        for method, path in (("GET", "/v1/status"), ("GET", "/start"), ("POST", "/v1/pipelines/p/stop")):
            for origin in ("http://evil.example", "null", f"http://localhost:{http.port + 1}"):
                refused = http.call(method, path, headers={"Origin": origin})
                assert (refused.status, refused.document["reason"]) == (403, "FOREIGN_ORIGIN"), origin
                assert "access-control-allow-origin" not in refused.headers
            refused = http.call(method, path, headers={"Host": "evil.example"})
            assert (refused.status, refused.document["reason"]) == (421, "FOREIGN_HOST")
        for path in ("/kill", "/v1/watch", "/v1/status"):
            assert http.get(path, Sec_Fetch_Site="cross-site").status == 403, path
        assert http.get("/kill", Sec_Fetch_Site="none", Sec_Purpose="prefetch").status == 403
        assert served.status("p")["state"] == "RUNNING"
        assert http.call("OPTIONS", "/start", headers={"Origin": "http://evil.example"}).status == 403
        assert http.get("/start", Origin=http.url, Sec_Fetch_Site="same-origin").status == 200
        assert http.get("/start", Sec_Fetch_Site="none").status == 200


def test_an_allowed_origin_may_ask(served: Daemon) -> None:
    """CORS is for those that are named: the preflight, the answer, and a refusal as well."""
    panel = "https://panel.example"
    with http_of(served, "--allow-origin", panel, "--name", "cam7.example") as http:
        asked = {"Origin": panel, "Access-Control-Request-Method": "POST", "Host": "cam7.example"}
        preflight = http.call("OPTIONS", "/v1/pipelines/p/start", headers=asked)
        assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (204, panel)
        assert "authorization" in preflight.headers["access-control-allow-headers"]
        for path, status in (("/v1/status", 200), ("/v1/nothing", 404), ("/start", 200)):
            answer = http.get(path, Origin=panel, Sec_Fetch_Site="cross-site")
            assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, panel)
            assert answer.headers["vary"] == "Origin"
        assert http.get("/v1/status", Origin="https://panel.example.evil").status == 403


def test_what_a_browser_needs_to_be_safe_is_said(served: Daemon) -> None:
    """No answer is kept, guessed at, framed or shown on a page of others."""
    with http_of(served) as http:
        for path in ("/v1/status", "/docs", "/v1/nothing"):
            headers = http.get(path).headers
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "server" not in headers


def test_an_observers_server_changes_nothing(served: Daemon) -> None:
    """By observe.sock the daemon refuses what changes, whatever token there is."""
    with http_of(f"{served.runtime}/observe.sock") as http:
        assert http.get("/v1/status").status == 200
        refused = http.get("/kill")
    assert (refused.status, refused.document["reason"]) == (403, "NOT_PERMITTED")
    assert served.status("p")["state"] == "RUNNING"


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def test_what_cannot_be_served_is_one_line(tmp_path: Path) -> None:
    """Off loopback without a token, a place that is taken, a missing file: each is said, and nothing listens."""
    refused = run("--listen", "0.0.0.0:0")
    assert refused.returncode == 1
    assert refused.stderr.startswith("pipertd-http: cannot listen on 0.0.0.0 without a token")
    for options, words in (
        (("--listen", "nowhere"), "it is written HOST:PORT"),
        (("--read-token", str(tmp_path / "none")), "no such file or directory"),
        (("--allow-origin", "*"), "cannot allow origin *"),
        (("--listen", "127.0.0.1:0", "--address", "nothing"), "cannot read address"),
        (("--https-cert", str(tmp_path / "none")), "both needed"),
    ):
        refused = run(*options)
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
        assert words in refused.stderr
    assert run("--ca", "x").returncode == 2


def test_a_token_of_systemds_is_one(served: Daemon, tmp_path: Path) -> None:
    """What stands in $CREDENTIALS_DIRECTORY under our names counts; the port is taken once."""
    (tmp_path / "pipertd-http-read").write_text(READ)
    (tmp_path / "pipertd-http-read").chmod(0o400)
    with http_of(served, CREDENTIALS_DIRECTORY=str(tmp_path)) as http:
        assert http.get("/v1/status").status == 401
        assert http.call("GET", "/v1/status", headers=bearer(READ)).status == 200
        taken = run("--listen", f"127.0.0.1:{http.port}")
        assert "address already in use" in taken.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_tls_is_spoken_on_both_sides(daemon: Daemon, tmp_path: Path, tokens: tuple[str, ...]) -> None:
    """A browser is shown a certificate; the daemon over TCP is shown ours, and nobody has more than its role."""
    authority = Authority(tmp_path)
    daemon.settings.write_text(authority.settings())
    daemon.start()
    shown, key = authority.client("otto")
    mine, mine_key = authority.server(name="http")
    where = f"127.0.0.1:{port(daemon)}"
    options = ("--ca", authority.ca, "--cert", shown, "--key", key, "--https-cert", mine, "--https-key", mine_key)
    with http_of(where, *map(str, options), *tokens) as http:
        assert http.url.startswith("https://")
        asked = ["curl", "--silent", "--cacert", str(authority.ca), "--header", f"Authorization: Bearer {CONTROL}"]
        told = subprocess.run([*asked, f"{http.url}/v1/daemon"], capture_output=True, check=True).stdout
        assert json.loads(told)["daemon"]["role"] == "ROLE_OPERATOR"
        refused = subprocess.run(
            [*asked, "--request", "DELETE", f"{http.url}/v1/quarantine/x"], capture_output=True, check=True
        ).stdout
        assert json.loads(refused)["reason"] == "NOT_PERMITTED"
        with pytest.raises((ConnectionError, http_client.RemoteDisconnected)):
            http.get("/v1/daemon")

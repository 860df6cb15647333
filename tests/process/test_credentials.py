"""Credentials in real flows: who names one has it, and nobody else hears of it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.process.definitions import counts, write_definition
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

SECRET = b"correct horse battery staple"
FINGERPRINT = hashlib.sha256(SECRET).hexdigest()
EVERY_RECORD = "100000"  # what a routine says at its start soon lies behind many others


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "credentials"
    made.mkdir()
    return made


def define(file: Path, amount: int | None = None) -> Path:
    """The pipeline a → b, where b has the secret; returns where it writes the fingerprint."""
    written = file.parent.parent / "fingerprint"
    knock = {"class": "secretive:Knock", "params": {"file": str(written)}}
    write_definition(file, {**counts(amount), "fps": 10}, knock, credentials=["password"])
    return written


def said_of(daemon: Daemon) -> Iterator[tuple[str, bytes]]:
    """All that can be seen of a daemon and its flows from outside: what they were told, and what they left."""
    assert daemon.process is not None
    flows = {flow["name"]: flow["pid"] for flow in daemon.status("p")["flows"]}
    for name, pid in {"daemon": daemon.process.pid, **flows}.items():
        for file in ("cmdline", "environ"):
            yield f"{file} of {name}", Path(f"/proc/{pid}/{file}").read_bytes()
    for name, *options in (("status",), ("logs", "-n", EVERY_RECORD)):
        yield name, daemon.ctl(name, *options).stdout.encode()
        yield f"{name} in JSON", daemon.ctl("-o", "json", name, *options).stdout.encode()
    for place in (daemon.runtime, daemon.state):
        for path in place.rglob("*"):
            with suppress(FileNotFoundError):  # it was there for a moment, under the name of what is not whole yet
                if path.is_file():
                    yield str(path), path.read_bytes()
    yield "stderr", (daemon.folder / "stderr").read_bytes()


def test_a_flow_has_it_and_nothing_tells_it(daemon: Daemon, folder: Path) -> None:
    """A routine that logs, prints and fails of its secret leaves it in no log, record, status or environment."""
    (folder / "password").write_bytes(SECRET)
    written = define(daemon.definitions / "p.yaml")
    daemon.start(CREDENTIALS_DIRECTORY=str(folder))
    wait_until(lambda: written.exists() and written.read_text() == FINGERPRINT, DEADLINE_S, "the fingerprint")
    wait_until(lambda: daemon.ctl("logs").stdout.count("<credential password>") > 3, DEADLINE_S, "what it says of it")
    told = dict(said_of(daemon))
    assert b"knocks with <credential password>" in told["logs"]
    assert b"ValueError: <credential password>" in told["logs"]
    assert [where for where, content in told.items() if b"horse" in content] == []


def test_a_flow_does_not_start_without(daemon: Daemon, folder: Path) -> None:
    """The flow is FAILED with what is missing and how to give it; when it is given, a start is all that it takes."""
    written = define(daemon.definitions / "p.yaml")
    daemon.start(CREDENTIALS_DIRECTORY=str(folder))
    failed = daemon.wait_for("flow_failed", "b")
    assert f"cannot start p/b: {folder} does not have the credential password" in failed["message"]
    assert "LoadCredential=password:FILE" in failed["message"]
    (folder / "password").write_bytes(SECRET)
    assert daemon.ctl("start", "p").returncode == 0
    wait_until(lambda: written.exists() and written.read_text() == FINGERPRINT, DEADLINE_S, "the fingerprint")


def test_nobody_gave_any(daemon: Daemon) -> None:
    """A daemon without a folder of them says so."""
    define(daemon.definitions / "p.yaml")
    daemon.start(CREDENTIALS_DIRECTORY="")
    failed = daemon.wait_for("flow_failed", "b")
    assert "cannot start p/b: nobody gave the daemon the credential password" in failed["message"]


def test_it_is_the_same_without_systemd(tmp_path: Path, folder: Path) -> None:
    """`pipertd run --credentials FOLDER` gives them as the service manager does."""
    (folder / "password").write_bytes(SECRET)
    (tmp_path / "definitions").mkdir()
    written = define(tmp_path / "definitions" / "p.yaml", amount=3)
    command = [sys.executable, "-m", "pipertd.daemon", "run", "definitions/p.yaml", "--credentials", "credentials"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    assert (done.returncode, written.read_text()) == (1, FINGERPRINT)  # it fails of each message, on purpose
    assert "ValueError: <credential password>" in done.stdout + done.stderr
    assert "horse" not in done.stdout + done.stderr

"""What commands print with ``-o json``, held against the documents that the contract names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
import pytest

from pipertd.ctl.documents.contract import DOCUMENTS
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


@pytest.fixture
def street(daemon: Daemon) -> Daemon:
    """A daemon with the pipeline ``p``: a/count → b/sink."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers", pause_s=0.001))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    return daemon


def holds(text: str, command: str) -> None:
    """Each line or the whole is that document: nothing in it is missing, of another type, or not in the contract."""
    found = [text] if re.match(r"[\[{]\n|\[\]", text) else text.splitlines()
    assert found
    for each in found:
        read = msgspec.json.decode(each, type=DOCUMENTS[command])
        assert json.loads(each) == msgspec.to_builtins(read)


def test_documents_of_a_running_pipeline(street: Daemon, tmp_path: Path) -> None:
    """Those of commands on it and beside it; whatever its exit code, stdout has a whole document."""
    bad = write_definition(tmp_path / "bad.yaml", counts(), writes(tmp_path / "numbers"), shm_limit="much")
    for given in (
        ("status",),
        ("top", "-n", "2", "--every", "0.1"),
        ("event", "NOTE", "p", "text=hello"),
        ("event", "BREAK", "p"),
        ("handlers", "p"),
        ("logs", "p"),
        ("tap", "p/count", "-n", "1"),
        ("quarantine list",),
        ("reload", "--plan"),
        ("pause", "p"),
        ("resume", "p"),
        ("kill", "p/b"),  # which has a process, as long as nobody restarts it
        ("restart", "p"),
        ("start", "p/b"),
        ("stop", "p"),
        ("daemon version",),
        ("doctor",),
        ("check", str(bad), str(street.definitions / "p.yaml")),
        ("version",),
        ("new pipeline", "yard", "--dir", str(tmp_path / "yard")),
        ("tls init", "--dir", str(tmp_path / "tls")),
    ):
        holds(street.ctl("-o", "json", *given[0].split(), *given[1:]).stdout, given[0])

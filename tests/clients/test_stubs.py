"""Stubs that are checked in."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.clients.languages import CLIENTS, must_run

BUF = CLIENTS.parent / ".venv/buf/node_modules/.bin/buf"


def test_stubs_of_go_are_as_new_as_the_protos(tmp_path: Path) -> None:
    """What `go generate` would write is what is there."""
    if not (BUF.exists() and shutil.which("go")):
        (pytest.fail if must_run() else pytest.skip)("needs go, and buf, which `make buf` installs with npm")
    stubs = CLIENTS / "go/pipertdpb"
    subprocess.run([BUF, "generate", "--output", tmp_path], cwd=stubs, check=True)
    written = {file.name: file.read_text() for file in tmp_path.rglob("*.go")}
    assert written
    assert written == {file.name: file.read_text() for file in stubs.glob("*.pb.go")}

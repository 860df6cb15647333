"""What buf says of a change to the public API."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BUF = ROOT / ".venv/buf/node_modules/.bin/buf"

pytestmark = pytest.mark.skipif(not BUF.exists(), reason="needs buf, which `make buf` installs with npm")


@pytest.fixture
def protos(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "protos", tmp_path / "protos"))


def broken(protos: Path) -> str:
    """What buf finds, as `make buf` has it look."""
    command = [str(BUF), "breaking", "--against", "baseline.binpb"]
    done = subprocess.run(command, cwd=protos, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert bool(done.returncode) == bool(done.stdout)
    return done.stdout


def change(protos: Path, old: str, new: str) -> None:
    file = protos / "pipertd/v1/status.proto"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_nothing_breaks_a_client_of_the_last_release(protos: Path) -> None:
    """The protos as they are go on from those that were released."""
    assert broken(protos) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("string runtime_dir = 5;", "string runtime_folder = 5;"),
        ("string runtime_dir = 5;", "string runtime_dir = 55;"),
        ("string runtime_dir = 5;", "bytes runtime_dir = 5;"),
        ("rpc GetDaemon(", "rpc FindDaemon("),
    ],
    ids=["renamed", "renumbered", "of another type", "another rpc"],
)
def test_what_would_break_a_client_is_refused(protos: Path, old: str, new: str) -> None:
    """A name, a number, a type or a call that a client may use stays as it is."""
    change(protos, old, new)
    assert "status.proto" in broken(protos)


def test_more_breaks_nobody(protos: Path) -> None:
    """A field that is new may come at any time."""
    change(protos, "string runtime_dir = 5;", "string runtime_dir = 5;\n  // News.\n  string news = 500;")
    assert broken(protos) == ""

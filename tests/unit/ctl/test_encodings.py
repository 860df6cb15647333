"""What pipertctl prints where the output takes no UTF-8."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SHOWN = {"ascii": rb"\xb5\u2588", "latin-1": b"\xb5" + rb"\u2588", "utf-8:strict": "µ█".encode()}


@pytest.mark.parametrize("encoding", SHOWN)
def test_an_escape_stands_for_what_is_lacking(tmp_path: Path, encoding: str) -> None:
    """The text is all there, whatever its encoding, and the command is done."""
    folder = tmp_path / "µ█"
    done = subprocess.run(
        [sys.executable, "-m", "pipertd.ctl", "tls", "init", "--dir", folder],
        capture_output=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(os.fsencode(tmp_path) + b"/" + SHOWN[encoding] + b" has a CA")

"""What pipertctl does where its output cannot be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("arguments", [("version",), ("-h",)])
def test_full_disk_is_one_line(arguments: tuple[str, ...]) -> None:
    """Output that cannot be written is exit 1 and one line, not a traceback."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "pipertd.ctl", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "pipertctl: cannot write the output: No space left on device\n")

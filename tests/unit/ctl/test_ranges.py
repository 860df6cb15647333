"""Numbers of options that nobody can mean."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("command", ["tap", "top"])
@pytest.mark.parametrize("pause", ["inf", "1e300", "-1"])
def test_a_pause_that_never_ends_is_refused(command: str, pause: str) -> None:
    """In one line, before anybody is asked."""
    done = subprocess.run(
        [sys.executable, "-m", "pipertd.ctl", "--address", "/nowhere", command, "p/a", "--every", pause],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "invalid value for '--every'" in line

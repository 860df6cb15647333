"""What pipertctl does where its caller has closed a standard stream."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("arguments", "code"), [("version", 0), ("--address unix:///nowhere status", 3)])
def test_what_is_closed_hears_nothing(closed: str, arguments: str, code: int) -> None:
    """It changes no exit code, and what would have gone there goes nowhere else."""
    shell = f'"$0" -m pipertd.ctl {arguments} {closed}'
    done = subprocess.run(["sh", "-c", shell, sys.executable], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code, done
    assert done.stdout.startswith("pipertctl 0.") == (code == 0 and ">&-" not in closed.split())
    assert done.stderr.startswith("pipertctl: cannot reach") == (code != 0 and "2>&-" not in closed.split())
    assert len(done.stdout.splitlines() + done.stderr.splitlines()) <= 1

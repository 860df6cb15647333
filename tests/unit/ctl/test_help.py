"""The lists of commands, as a terminal of 80 columns shows them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "arguments", [("pipertd.ctl",), ("pipertd.ctl", "quarantine"), ("pipertd.daemon",)], ids=" ".join
)
def test_every_command_is_said_to_its_end(arguments: tuple[str, ...]) -> None:
    """What a command does is one sentence that fits its line."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments, "-h"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    listed = done.stdout.split("Commands:\n")[1].splitlines()
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []
    assert max(map(len, listed)) <= 80

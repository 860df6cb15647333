"""The Makefile on machines that are not as it wishes."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "-C", str(ROOT), *arguments], env=environment, capture_output=True, text=True, check=False
    )


def fake_python(folder: Path, script: str) -> Path:
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


def test_bare_make_prints_every_public_target() -> None:
    """Who types `make` learns of everything else."""
    public = re.findall(r"^\.PHONY: ([a-z-]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    printed = make()
    assert printed.returncode == 0
    assert public == re.findall(r"^  make ([a-z-]+) ", printed.stdout, re.MULTILINE)


def test_old_python_is_refused_by_name(tmp_path: Path) -> None:
    """Where no Python is new enough, the message says which were tried and what to do."""
    python = fake_python(tmp_path, "exit 1")
    refused = make(f"PYTHON={python}", f"VENV={tmp_path}/venv", f"{tmp_path}/venv/.made")
    assert refused.returncode == 2
    assert f"none of '{python}' is Python 3.11 or newer; name one with make PYTHON=" in refused.stderr
    assert not (tmp_path / "venv").exists()


def test_python_without_venv_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """Debian's python3 without python3-venv gets the command that mends it."""
    python = fake_python(tmp_path, 'case "$2" in *ensurepip*) exit 1;; esac')
    refused = make(f"PYTHON={python}", f"VENV={tmp_path}/venv", f"{tmp_path}/venv/.made")
    assert refused.returncode == 2
    assert f"{python} has no venv (on Debian and Ubuntu: apt install python3-venv)" in refused.stderr

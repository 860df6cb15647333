"""Too few descriptors: what cannot be started is said, and nothing waits for it."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S


@pytest.mark.parametrize("most", range(12, 40, 3))
def test_a_run_without_descriptors_ends(tmp_path: Path, most: int) -> None:
    """However few there are, the run ends: with all of its messages, or with a line that says what it had not."""
    definition = write_definition(tmp_path / "p.yaml", counts(5), writes(tmp_path / "numbers"))
    done = subprocess.run(
        [sys.executable, "-m", "pipertd.daemon", "run", str(definition)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_NOFILE, (most, most)),
    )
    if done.returncode == 0:
        assert "5 produced = 5 delivered" in done.stdout
    else:
        assert re.search(
            "too many open files|maximum number of files open", done.stdout + done.stderr, re.IGNORECASE
        ), done
        assert "Traceback" not in done.stderr

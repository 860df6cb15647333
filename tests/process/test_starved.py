"""Too few descriptors: what cannot be started is said, and nothing waits for it."""

from __future__ import annotations

import os
import re
import resource
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from pipertd.supervisor.failure import Failure
from pipertd.supervisor.view import State
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S
from tests.process.supervised import Live, chain, flow, go


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


def test_a_restart_waits_for_descriptors(tmp_path: Path) -> None:
    """A flow that dies while none is left is started again when there are some, however long that takes."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def story(live: Live) -> None:
        await live.until_handled(1)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, before[1]))
        try:
            os.kill(live.pid("b"), signal.SIGKILL)
            await live.until(lambda: live.flow("b").generation > 3, "the third start that is put off")
            assert live.flow("b").failure is Failure.LAUNCH_FAILED
            assert "Too many open files" in live.flow("b").reason
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        await live.until(lambda: live.flow("b").state is State.RUNNING, "b with descriptors again")

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "numbers")), story)

"""What is left behind a stop, in groups of the kernel's; that only a stop has it killed is told by systemd itself."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pipertd.daemon.after_stop import end_others, forget
from pipertd.daemon.unit import is_being_stopped
from pipertd.supervisor.cgroup import Cgroup
from tests.scratch_cgroup import scratch_delegation

_DEAF = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
input()
if os.fork() == 0:
    os.setsid()
os.write(1, b"ready\\n")
time.sleep(3600)
"""


@contextmanager
def in_group(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ignores SIGTERM, with a child in a session of its own, both in the group."""
    folder.mkdir(exist_ok=True)
    with subprocess.Popen([sys.executable, "-c", _DEAF], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            Cgroup(folder).add(process.pid)
            assert process.stdin is not None and process.stdout is not None
            process.stdin.write(b"\n")
            process.stdin.flush()
            assert [process.stdout.readline() for _ in range(2)] == [b"ready\n"] * 2
            yield process
        finally:
            process.kill()


def test_whatever_is_left_is_killed(capfd: pytest.CaptureFixture[str]) -> None:
    """In whichever group of the unit it is, and whatever it does about signals; then there is nothing to be said."""
    with scratch_delegation() as delegation, ExitStack() as stack:
        unit = delegation.flows
        places = [unit, unit / "daemon", unit / "flows", unit / ".control"]
        left = [stack.enter_context(in_group(each)) for each in places]
        assert end_others(unit, unit / ".control") == []
        said = capfd.readouterr().out
        assert all(str(each.pid) in said for each in left)
        assert [each.wait() for each in left] == [-signal.SIGKILL] * len(left)
        assert end_others(unit, unit / ".control") == []
        assert capfd.readouterr().out == ""


def test_what_was_on_record_is_forgotten(tmp_path: Path) -> None:
    """Files and sockets go, whatever they are called; folders with definitions of an operator's stay."""
    (tmp_path / "p.run").touch()
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    kept = tmp_path / "pipelines.d/mine.yaml"
    kept.parent.mkdir()
    kept.touch()
    forget([tmp_path])
    assert list(tmp_path.iterdir()) == [kept.parent]
    assert kept.exists()


def test_a_unit_of_which_systemd_knows_nothing_is_not_being_stopped() -> None:
    """Nor is one where there is no systemd to ask: flows are killed for a stop alone."""
    assert not is_being_stopped("pipertd-of-nobody.service")

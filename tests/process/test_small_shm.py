"""A /dev/shm that is too small, or filled up by others: an error in words, and never SIGBUS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.process.definitions import write_definition
from tests.waiting import wait_until

DEADLINE_S = 120.0
UNSHARE = ["unshare", "--mount", "--map-root-user"]
MOUNT = 'mount -t tmpfs -o size="$0" tmpfs /dev/shm && exec "$@"'


@pytest.fixture(autouse=True)
def _needs_a_mount_namespace() -> None:
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"needs a mount namespace of its own, as root or where users may have one: {tried.stderr.strip()}")


@contextmanager
def run_with_shm(size: str, definition: Path, output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`pipertd run` in a mount namespace whose /dev/shm holds ``size``."""
    command = [*UNSHARE, "sh", "-c", MOUNT, size, sys.executable, "-m", "pipertd.daemon", "run", str(definition)]
    with output.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.kill()


def test_what_cannot_fit_is_refused_with_the_arithmetic(tmp_path: Path) -> None:
    """A pipeline that asks for more shared memory than there is does not start, and says how much there is."""
    source = {"class": "frames:Frames", "params": {"amount": 3}}
    definition = write_definition(tmp_path / "p.yaml", source, {"class": "frames:Hoard"})
    with run_with_shm("8m", definition, tmp_path / "output") as process:
        assert process.wait(DEADLINE_S) == 1
    output = (tmp_path / "output").read_text()
    assert f"its shm_limit is {16 << 20} bytes and /dev/shm has {8 << 20} free" in output


def test_memory_that_others_took_is_waited_for(tmp_path: Path) -> None:
    """Where others filled /dev/shm behind our back no flow dies of it: it says what it waits for, and goes on."""
    source = {"class": "frames:Crowded", "params": {"amount": 30}}
    definition = write_definition(tmp_path / "p.yaml", source, {"class": "frames:Tangle"})
    output = tmp_path / "output"
    with run_with_shm("24m", definition, output) as process:
        wait_until(lambda: b"waiting for shared memory: cannot reserve" in output.read_bytes(), DEADLINE_S)
        Path(f"/proc/{process.pid}/root/dev/shm/others").unlink()
        assert process.wait(DEADLINE_S) == 0, output.read_text()
    assert "30 produced = 30 delivered" in output.read_text()

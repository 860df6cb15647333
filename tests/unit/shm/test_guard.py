"""The kernel's own lock behind a link that drops its oldest message."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pipertd.shm.guard import Guard
from pipertd.shm.segment import create_segment
from tests.waiting import wait_until

HOLD = """
import sys, time
from pipertd.shm.guard import Guard
assert Guard(int(sys.argv[1]), 1).acquire(1.0)
print("held", flush=True)
time.sleep(3600)
"""


@pytest.fixture
def fd() -> Iterator[int]:
    made = create_segment(2)
    yield made
    os.close(made)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_guard_is_free_when_its_holder_is_dead(fd: int, number: signal.Signals) -> None:
    """While a process holds it, stopped or not, nobody else gets it; when it dies, the kernel frees it."""
    command = [sys.executable, "-c", HOLD, str(fd)]
    with subprocess.Popen(command, pass_fds=[fd], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            guard = Guard(fd, 1)
            holder.send_signal(signal.SIGSTOP)
            assert not guard.acquire(0.02)
            assert Guard(fd, 0).acquire(0.0), "the guards of two links are two"
            holder.send_signal(signal.SIGCONT)
            holder.send_signal(number)
            wait_until(lambda: guard.acquire(0.0), what="the guard of the dead")
            guard.release()
        finally:
            holder.kill()

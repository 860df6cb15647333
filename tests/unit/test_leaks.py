"""The watch over leaks sees them."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import posix_ipc

from pipertd.shm.segment import NAME_PREFIX
from tests.leaks import Belongings, end_processes_since
from tests.waiting import wait_until


def wait_beyond(before: Belongings, *lines: str) -> None:
    """Return when just this is there beyond ``before``: other tests' segments have a name for a moment."""
    wait_until(lambda: Belongings.now().beyond(before) == [*lines], what=f"{lines} and nothing else")


def test_descriptor_is_seen() -> None:
    """A descriptor that was opened is named until it is closed."""
    before = Belongings.now()
    fd = os.eventfd(0)
    try:
        wait_beyond(before, f"descriptor {fd} -> anon_inode:[eventfd]")
    finally:
        os.close(fd)
    wait_beyond(before)


def test_thread_is_seen() -> None:
    """A thread that runs is named until it ends."""
    before = Belongings.now()
    go = threading.Event()
    thread = threading.Thread(target=go.wait, name="lingers")
    thread.start()
    try:
        wait_beyond(before, f"thread lingers ({thread.native_id})")
    finally:
        go.set()
        thread.join()
    wait_beyond(before)


def test_name_in_shared_memory_is_seen() -> None:
    """A segment that kept its name is named."""
    before = Belongings.now()
    memory = posix_ipc.SharedMemory(f"/{NAME_PREFIX}leaks-{os.getpid()}", posix_ipc.O_CREX, size=1)
    try:
        memory.close_fd()
        assert f"shared memory name /dev/shm{memory.name}" in Belongings.now().beyond(before)
    finally:
        memory.unlink()


def test_dead_child_is_seen_until_it_is_waited_for() -> None:
    """A zombie is a leak."""
    before = Belongings.now()
    pid = os.posix_spawn("/bin/true", ["true"], os.environ)
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        wait_beyond(before, f"process {pid} (true), dead but never waited for")
    finally:
        os.waitpid(pid, 0)


def test_orphan_in_a_session_of_its_own_is_found_and_ended(tmp_path: Path) -> None:
    """Whoever adopted a process, it is still ours."""
    before = Belongings.now()
    file = tmp_path / "pid"
    subprocess.run(["sh", "-c", f"setsid sh -c 'echo $$ > {file}; exec sleep 1000' &"], check=True)
    try:
        wait_until(lambda: file.exists() and file.read_text().endswith("\n"))
        pid = int(file.read_text())
        wait_beyond(before, f"process {pid} (sleep 1000)")
    finally:
        end_processes_since(before)
    wait_beyond(before)

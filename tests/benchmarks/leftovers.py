"""Nothing of a side is left when it is over, not even of one that was killed: no process, file or shared memory."""

from __future__ import annotations

import ctypes
import os
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_MARK = "PIPERTD_BENCHMARK"  # every process of a side inherits it
_SHARED_MEMORY = ("*.zenoh", "pipertd_bench_*", "[0-9]*_[0-9]", "[0-9]*_[0-9][0-9]", "dora*")  # how peers name theirs
_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE_S, _PATIENCE_WITH_TRACKERS_S = 10.0, 3.0
_TRACKER = b"multiprocessing.resource_tracker"  # it unlinks what others left, and ends when they have


@contextmanager
def clean_surroundings() -> Iterator[dict[str, str]]:
    """The environment for one side, with a folder for temporary files of its own."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans come to us
    mark, names = uuid.uuid4().hex, _names()
    with tempfile.TemporaryDirectory(prefix="pipertd-bench-", ignore_cleanup_errors=True) as folder:
        try:
            yield {**os.environ, _MARK: mark, "TMPDIR": folder}
        finally:
            _end(mark)
            for name in _names() - names:
                if not _is_mapped(name):  # else it is a stranger's, who came meanwhile
                    with suppress(FileNotFoundError):
                        name.unlink()


def _names() -> set[Path]:
    return {file for pattern in _SHARED_MEMORY for file in Path("/dev/shm").glob(pattern)}


def _is_mapped(name: Path) -> bool:
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if str(name) in maps.read_text():
                return True
    return False


def _end(mark: str) -> None:
    began_s = time.monotonic()
    while (left := dict(_marked(mark))) and time.monotonic() - began_s < _PATIENCE_S:
        for pid, command in left.items():
            if _TRACKER not in command or time.monotonic() - began_s > _PATIENCE_WITH_TRACKERS_S:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        _reap()
        time.sleep(0.02)
    _reap()


def _marked(mark: str) -> Iterator[tuple[int, bytes]]:
    """Process ids and command lines of all that inherited the mark."""
    wanted = f"{_MARK}={mark}".encode()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    yield int(folder.name), (folder / "cmdline").read_bytes()


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass

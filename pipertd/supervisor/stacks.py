"""The stacks of a process's threads: in a small file of its own, where faulthandler alone writes them.

They are there when the process was asked for them, before it is killed for its silence, and when a fatal signal struck
it. The file has a name in the runtime directory, as the manifests have, and not in memory alone: what a flow wrote that
died while no daemon lived is there for the next one.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from pipertd.clock import monotonic_s
from pipertd.supervisor.launch import Process

APPEAR_S = 2.0
SUFFIX = ".stacks"
_HEADER = b"(most recent call first)"
_MOST_BYTES = 1024 * 1024
_POLL_S = 0.02
_QUIET_POLLS = 5
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_END = re.compile(rb"^(Fatal Python error: |Timeout \()", re.MULTILINE)
_FATAL = re.compile(rb"Fatal Python error:.*?^Current thread 0x([0-9a-f]+) ", re.DOTALL | re.MULTILINE)


class StacksFolder:
    """Where the files of all processes lie; those that nobody has here are of processes that nobody knows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: set[str] = set()

    def make(self) -> StacksFile | None:
        """A new file, for a process to inherit; None where there can be none now."""
        return self._opened(secrets.token_hex(8), os.O_CREAT | os.O_EXCL)

    def reopen(self, name: str) -> StacksFile | None:
        """The file of a process that a daemon before this one started; None where it is gone."""
        return self._opened(name) if name else None

    def remove_others(self) -> None:
        """Remove the files of processes that are not looked after here; what cannot be removed stays."""
        with suppress(OSError):  # the folder is gone, or no descriptor is free to look into it
            for path in self._folder.glob(f"*{SUFFIX}"):
                if path.stem not in self._held:
                    _remove(path)

    def _opened(self, name: str, more: int = 0) -> StacksFile | None:
        path = self._folder / f"{name}{SUFFIX}"
        try:
            fd = os.open(path, _FLAGS | more, 0o600)
        except OSError:
            return None
        self._held.add(name)
        return StacksFile(path, fd, lambda: self._held.discard(name))


class StacksFile:
    """The file of one process, as the daemon has it; ``fd`` is what the process inherits."""

    def __init__(self, path: Path, fd: int, on_removed: Callable[[], None]) -> None:
        self.fd = fd
        self._path = path
        self._on_removed = on_removed

    @property
    def name(self) -> str:
        """What the next daemon finds it by."""
        return self._path.stem

    def size(self) -> int:
        """How much was written."""
        return os.fstat(self.fd).st_size

    def read(self) -> bytes:
        """What was written, as far as anybody will read it."""
        return os.pread(self.fd, _MOST_BYTES, 0)

    def clear(self) -> None:
        """Forget what was written; what comes begins anew."""
        os.ftruncate(self.fd, 0)

    def has_stacks(self) -> bool:
        """Whether faulthandler wrote something."""
        return _HEADER in self.read()

    def remove(self) -> None:
        """The process is dead, and what it wrote is read."""
        os.close(self.fd)
        _remove(self._path)
        self._on_removed()


async def dump_stacks(process: Process, file: StacksFile, is_alive: Callable[[], bool]) -> None:
    """Ask for the stacks and wait until they stand in ``file``, at most twice ``APPEAR_S``.

    SIGUSR1 asks the flow's interpreter. If nothing comes, something holds the interpreter, and SIGUSR2 has C code write
    them (see ``pipertd.flow``). A process held by SIGSTOP takes the signal as it is continued.
    """
    if not is_alive():
        return
    file.clear()
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        process.signal(number)
        process.signal(signal.SIGCONT)
        if await _come(file, is_alive):
            return


async def _come(file: StacksFile, is_alive: Callable[[], bool]) -> bool:
    """Whether stacks stand there and no more is written; True too when nobody is left to write them."""
    deadline_s = monotonic_s() + APPEAR_S
    seen, quiet = 0, 0
    while is_alive() and monotonic_s() < deadline_s and quiet < _QUIET_POLLS:
        await asyncio.sleep(_POLL_S)
        if not is_alive():  # and so the file is gone
            return True
        size = file.size()
        quiet = quiet + 1 if size == seen and file.has_stacks() else 0
        seen = size
    return not is_alive() or file.has_stacks()


def left_by(content: bytes) -> bytes:
    """The stacks with which a process ended, or else all that it was asked for."""
    ends = [found.start() for found in _END.finditer(content)]
    return content[ends[-1] :] if ends else content


def fatal_thread(content: bytes) -> int | None:
    """The thread that a fatal signal struck, by faulthandler's last traceback."""
    found = _FATAL.findall(content)
    return int(found[-1], 16) if found else None


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)

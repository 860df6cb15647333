"""A service manager that keeps descriptors as systemd does, on a real notification socket, and gives them back."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipertd.supervisor.procfs import Identity, identity

_MOST_DESCRIPTORS = 253
_OVER = b"OVER=1"
# Puts descriptors where a service looks for them, and becomes the daemon, whose process id is in its environment then.
_HAND_OVER = """
import fcntl, os, sys
fds = [int(each) for each in sys.argv[1].split(",") if each]
behind = 3 + len(fds)
copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, behind) for fd in fds]
for place, copy in enumerate(copies, 3):
    os.dup2(copy, place)
os.closerange(behind, 1 << 16)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.executable, [sys.executable, "-m", "pipertd.daemon", *sys.argv[3:]])
"""


class Keeper:
    """What it heard, a datagram each, and what it keeps, in the order of its coming."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.heard: list[str] = []
        self.kept: list[tuple[str, int]] = []
        self._ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ear.bind(address)
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()

    @property
    def identities(self) -> list[Identity]:
        """Which files it keeps."""
        return [identity(fd) for _, fd in self.kept]

    @property
    def names(self) -> set[str]:
        """Under which names."""
        return {name for name, _ in self.kept}

    @property
    def program(self) -> tuple[str, ...]:
        """How Python starts a daemon that is given all of it, in another order than it came in; see ``fds``."""
        fds, names = ",".join(map(str, self.fds)), ":".join(name for name, _ in reversed(self.kept))
        return ("-c", _HAND_OVER, fds, names)

    @property
    def fds(self) -> list[int]:
        """Its own descriptors, which that program has to inherit."""
        return [fd for _, fd in reversed(self.kept)]

    def close(self) -> None:
        """Let go of everything, as at a stop of the service."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(_OVER, self.address)
        self._listening.join()
        self._ear.close()
        self._remove(self.names)

    def _listen(self) -> None:
        while True:
            text, fds, _, _ = socket.recv_fds(self._ear, 4096, _MOST_DESCRIPTORS)
            if text == _OVER:
                return
            words = dict(line.split("=", 1) for line in text.decode().splitlines())
            if "FDSTORE" in words:
                self.kept += [(words["FDNAME"], fd) for fd in fds]
            if "FDSTOREREMOVE" in words:
                self._remove({words["FDNAME"]})
            self.heard.append(text.decode())

    def _remove(self, names: set[str]) -> None:
        gone = [each for each in self.kept if each[0] in names]
        self.kept = [each for each in self.kept if each not in gone]
        for _, fd in gone:
            os.close(fd)


@contextmanager
def keeper(folder: Path) -> Iterator[Keeper]:
    """One that listens in ``folder``, for the block."""
    one = Keeper(str(folder / "notify"))
    try:
        yield one
    finally:
        one.close()

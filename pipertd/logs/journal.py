"""The way into journald: its native protocol, one datagram an entry, and its streams, for what is printed.

An entry is lines of NAME=value; a value of several lines has its length before it. One that is too large for a datagram
goes in a sealed file in memory. Nothing here waits for journald longer than ``PATIENCE_S``: it may be stopped, or slow.

Source: https://systemd.io/JOURNAL_NATIVE_PROTOCOL, sd_journal_stream_fd(3).
"""

from __future__ import annotations

import array
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

FOLDER = Path("/run/systemd/journal")
PATIENCE_S = 0.1
_ROOM = 8 * 1024 * 1024  # as libsystemd asks for; the kernel gives what it may
_TIMEOUT = struct.pack("@ll", 0, int(PATIENCE_S * 1e6))
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
_INFO = 6


class Journal:
    """Takes entries, or says that it did not. It finds journald again by its path, whatever became of it meanwhile."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._path = str(folder / "socket")
        self._is_full = False
        self._socket = _patient(socket.SOCK_DGRAM)

    def send(self, entry: bytes) -> bool:
        """Whether the entry was taken; behind one that was not, nobody waits until one is."""
        try:
            self._send(entry, socket.MSG_DONTWAIT if self._is_full else 0)
        except OSError:
            self._is_full = True
        else:
            self._is_full = False
        return not self._is_full

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _send(self, entry: bytes, flags: int) -> None:
        try:
            self._socket.sendto(entry, flags, self._path)
        except OSError as reason:
            if reason.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
                raise
            fd = _sealed(entry)
            try:
                rights = array.array("i", [fd])
                self._socket.sendmsg([], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)], flags, self._path)
            finally:
                os.close(fd)


def encode_entry(fields: Iterable[tuple[str, str]]) -> bytes:
    """One entry; names are of capitals, digits and underscores, and not longer than 64."""
    parts: list[bytes] = []
    for name, value in fields:
        data = value.encode("utf-8", "backslashreplace")
        if b"\n" in data:
            parts += (name.encode(), b"\n", len(data).to_bytes(8, "little"), data, b"\n")
        else:
            parts += (name.encode(), b"=", data, b"\n")
    return b"".join(parts)


def identifier_of(pipeline: str, flow: str) -> str:
    """What ``journalctl -t`` finds a flow's records and prints by; the daemon's where there is no flow."""
    return f"pipertd/{pipeline}/{flow}" if flow else "pipertd"


def connect_stream(identifier: str, folder: Path = FOLDER) -> int:
    """A descriptor whose lines are entries of level info. Who writes waits for ``PATIENCE_S`` at most, C code too.

    Where there is no journald it is /dev/null: a print into a stream that nobody reads would raise, or end the process.
    """
    stream = _patient(socket.SOCK_STREAM)
    try:
        stream.connect(str(folder / "stdout"))
        stream.shutdown(socket.SHUT_RD)
        # Identifier, unit (which journald knows better), level, and: no levels in lines, no syslog, kmsg, console.
        stream.sendall(f"{identifier}\n\n{_INFO}\n0\n0\n0\n0\n".encode())
    except OSError:
        stream.close()
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    return stream.detach()


def _patient(kind: socket.SocketKind) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _TIMEOUT)
    with suppress(OSError):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
    return made


def _sealed(content: bytes) -> int:
    fd = os.memfd_create("pipertd-record", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with os.fdopen(fd, "wb", closefd=False) as file:
            file.write(content)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    except OSError:
        os.close(fd)
        raise
    return fd

"""Sockets as journald has them, in a folder of a test's own: what comes there is read as journald reads it."""

from __future__ import annotations

import array
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

Entry = dict[str, str]


class Journald:
    """It reads nothing until it is asked to: a journald that is slow."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.streams: list[socket.socket] = []
        self.open()

    def open(self) -> None:
        """Be there, again."""
        self._entries = _bound(socket.SOCK_DGRAM, self.folder / "socket")
        self._listening = _bound(socket.SOCK_STREAM, self.folder / "stdout")
        self._listening.listen()

    def close(self) -> None:
        """Be stopped: what was not read is lost, and streams are closed."""
        for each in (self._entries, self._listening, *self.streams):
            each.close()
        self.streams.clear()
        for name in ("socket", "stdout"):
            (self.folder / name).unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, reason: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def entries(self) -> list[Entry]:
        """What has come since this was asked last."""
        self._entries.setblocking(False)
        found = []
        while True:
            try:
                found.append(parsed(_received(self._entries)))
            except BlockingIOError:
                return found

    def accept(self) -> list[str]:
        """The lines with which the next stream begins."""
        stream, _ = self._listening.accept()
        self.streams.append(stream)
        head = b""
        while head.count(b"\n") < 7:
            head += stream.recv(1)
        return head.decode().splitlines()


def parsed(entry: bytes) -> Entry:
    """An entry by the native protocol; an exception where it is none."""
    fields: Entry = {}
    while entry:
        line, _, rest = entry.partition(b"\n")
        name, is_short, value = line.partition(b"=")
        if not is_short:
            length = int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + length], rest[8 + length :]
            assert rest[:1] == b"\n"
            rest = rest[1:]
        fields[name.decode()] = value.decode()
        entry = rest
    return fields


def _received(entries: socket.socket) -> bytes:
    content, rights, _, _ = entries.recvmsg(1 << 20, socket.CMSG_SPACE(4))
    if not rights:
        return content
    fds = array.array("i", rights[0][2])
    with os.fdopen(fds[0], "rb") as file:
        file.seek(0)
        return file.read()


def _bound(kind: socket.SocketKind, path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, kind)
    made.bind(str(path))
    return made

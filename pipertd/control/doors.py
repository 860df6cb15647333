"""The ways into the daemon. A door knows where it listens, and what a caller who comes by it may do.

gRPC shows the same peer for everybody on a Unix socket, so the door has to be the role: each door has a server of its
own, over the same services.
"""

from __future__ import annotations

import grp
import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import grpc

from pipertd.control.caller import Caller
from pipertd.control.handling import Context
from pipertd.control.roles import Role

UID_KEY = "pipertd-uid"
LONGEST_UID = 10


class Place(Enum):
    """What lies where a door listens: its own, nothing any more, or something of somebody else's."""

    OURS = auto()
    EMPTY = auto()
    TAKEN = auto()


class Door(Protocol):
    """Where one server listens, and who its callers are."""

    def open(self, server: grpc.aio.Server) -> None:
        """Have ``server`` listen there. OSError where it cannot."""

    def caller(self, context: Context) -> Caller:
        """Who makes this call."""

    def place(self) -> Place:
        """What lies there now."""

    def close(self) -> None:
        """Leave nothing behind."""


@dataclass
class SocketDoor:
    """A Unix socket, mode 0660: whoever may open it has its role.

    It is given to ``group`` where there is one and this process is in it. Root, who could without, does not: a daemon
    that somebody started by hand as root is for root.
    """

    path: Path
    role: Role
    group: str
    remedy: str = ""
    _bound: tuple[int, int] | None = field(default=None, init=False)  # device and inode

    def __str__(self) -> str:
        return str(self.path)

    def open(self, server: grpc.aio.Server) -> None:
        """Bind, under another name, and take the right one when the socket is its group's.

        gRPC unlinks what it has bound whenever that server stops; under the right name that would be the socket of a
        server that came behind it.

        The caller holds the runtime directory's lock: a socket that is there belongs to nobody.

        Raises:
            OSError: the socket cannot be made, or something that is no socket lies there.
        """
        bound = self.path.with_suffix(".new")
        _make_room(self.path)
        _make_room(bound)
        mask = os.umask(0o117)  # around the bind, so that no moment exists in which it is open to others
        try:
            _try_to_bind(bound)
            server.add_insecure_port(f"unix:{quote(str(bound))}")
        except (OSError, RuntimeError) as reason:
            raise OSError(f"cannot bind {bound}: {reason}") from reason
        finally:
            os.umask(mask)
        _give(bound, self.group)
        bound.replace(self.path)
        self._bound = _identity(self.path)

    def caller(self, context: Context) -> Caller:
        """The socket is all that is known for certain."""
        uid = claimed_uid(context)
        return Caller(self.role, self.path.name, self.path.name, self.remedy, claimed_uid=uid)

    def place(self) -> Place:
        """A socket that is bound keeps its inode, so that no other can have its number."""
        found = _identity(self.path)
        if found is None:
            return Place.EMPTY
        return Place.OURS if found == self._bound else Place.TAKEN

    def close(self) -> None:
        """Take the socket away; what somebody put in its place stays."""
        if self.place() is Place.OURS:
            with suppress(OSError):  # a read-only disk: who is next here takes it away
                self.path.unlink()


def claimed_uid(context: Context) -> str:
    """The user id that a caller says it has; empty where it says none, or something that is none."""
    for key, value in context.invocation_metadata() or ():
        if key == UID_KEY and isinstance(value, str) and value.isdecimal() and len(value) <= LONGEST_UID:
            return value
    return ""


def _make_room(path: Path) -> None:
    """Remove a socket that nobody serves; what is no socket was put there by somebody, and stays."""
    path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)  # it may have been removed while we ran
    if _is_socket(path):
        path.unlink(missing_ok=True)
    elif os.path.lexists(path):
        raise OSError(f"cannot bind {path}: something that is no socket lies there; move it away")


def _try_to_bind(path: Path) -> None:
    """OSError where that cannot be done; gRPC would say why on stderr alone, at each try."""
    with socket.socket(socket.AF_UNIX) as attempt:
        attempt.bind(str(path))
    path.unlink()


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _identity(path: Path) -> tuple[int, int] | None:
    """None where nothing is to be found, because the folder is none any more or is closed to us, too."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _give(path: Path, group: str) -> None:
    try:
        number = grp.getgrnam(group).gr_gid
    except KeyError:
        return
    if number in (os.getegid(), *os.getgroups()):
        os.chown(path, -1, number, follow_symlinks=False)

"""What a supervisor and its zygote say to each other, over a SOCK_SEQPACKET socket, one question at a time.

The zygote is a process with one thread, and the parent of what is forked from it: a script's, which holds its routines
as they were before the supervisor began, or one of the daemon's, which has imported the code of one flow. A request to
fork is followed by the descriptors that the specification names, as many to a datagram as the kernel allows.
"""

from __future__ import annotations

import array
import errno
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

_MOST_AT_ONCE = 253  # SCM_MAX_FD
_MOST_BYTES = 64 * 1024
_ROOM = socket.CMSG_SPACE(_MOST_AT_ONCE * array.array("i").itemsize)


class Fork(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Supervisor to zygote: fork a process for a flow.

    ``fds`` are the numbers by which the specification, a file which is the first of them, knows the descriptors that
    follow.
    """

    flow: str
    settles: bool
    fds: list[int]
    environment: dict[str, str]


class Bury(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Supervisor to zygote: this process is dead. Kill what is left of its group, and reap it."""

    pid: int


class End(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Supervisor to zygote: nothing more is wanted."""


class Imports(msgspec.Struct, frozen=True, kw_only=True):
    """What a zygote of the daemon's is told when it is started: what to import, and where that lies."""

    path: list[str]
    class_paths: list[str]


class Ready(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Zygote to supervisor, first: it has imported everything, and can fork."""


class Forked(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Zygote to supervisor: the process is there."""

    pid: int


class Buried(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Zygote to supervisor: how the process ended: its exit status, or the signal that killed it, negative."""

    status: int


class Refused(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Zygote to supervisor: the system did not let it."""

    errno: int
    reason: str


Request = Fork | Bury | End
Reply = Ready | Forked | Buried | Refused

_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def send(line: socket.socket, message: Request | Reply, fds: Sequence[int] = ()) -> None:
    """Say it, with copies of these descriptors behind it.

    Raises:
        OSError: the other side is gone.
    """
    line.send(msgspec.msgpack.encode(message))
    for begin in range(0, len(fds), _MOST_AT_ONCE):
        socket.send_fds(line, [b"+"], list(fds[begin : begin + _MOST_AT_ONCE]))


def hear_request(line: socket.socket) -> tuple[Request, list[int]]:
    """What the supervisor wants, with the descriptors for it, which are close-on-exec.

    Raises:
        EOFError: it is gone.
        OSError: no descriptor is left here for one of those that came.
    """
    request, fds = _requests.decode(_hear(line)), list[int]()
    expected = len(request.fds) if isinstance(request, Fork) else 0
    lost = False
    for begin in range(0, expected, _MOST_AT_ONCE):
        word, more, flags, _ = socket.recv_fds(line, 1, _MOST_AT_ONCE, socket.MSG_CMSG_CLOEXEC)
        fds += more
        if not word:
            raise EOFError
        lost = lost or len(more) < min(expected - begin, _MOST_AT_ONCE) or bool(flags & socket.MSG_CTRUNC)
    if lost:
        _close(fds)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
    return request, fds


def hear_reply(line: socket.socket) -> Reply:
    """What the zygote answers.

    Raises:
        EOFError: it is gone.
        OSError: so it is.
    """
    return _replies.decode(_hear(line))


def renumbered(part: Any, numbers: dict[int, int]) -> Any:
    """The specification, or a part of it, with each of its descriptors by the number that it has here.

    A field holds descriptors where its name ends in ``_fd``, and so do the values of ``read_pools``.
    """
    if isinstance(part, list):
        return [renumbered(each, numbers) for each in part]
    if not isinstance(part, msgspec.Struct):
        return part
    changes: dict[str, Any] = {}
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if name.endswith("_fd"):
            changes[name] = numbers[value] if value >= 0 else value
        elif name == "read_pools":
            changes[name] = {number: numbers[fd] for number, fd in value.items()}
        else:
            changes[name] = renumbered(value, numbers)
    return msgspec.structs.replace(part, **changes)


def _hear(line: socket.socket) -> bytes:
    said = line.recv(_MOST_BYTES)
    if not said:
        raise EOFError
    return said


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        with suppress(OSError):
            socket.close(fd)

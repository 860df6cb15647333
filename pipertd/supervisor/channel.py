"""The socket that flows dial: one SOCK_SEQPACKET connection a flow, each datagram one message of the protocol.

A connection is a flow's only after its Hello was verified: the process id must be the one that the kernel names
(SO_PEERCRED) and the flow, generation and nonce those of a process that we started; any other flow is told to stop.
Sends never block: a flow that does not read is told nothing more, and the caller hears so.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from pipertd.clock import monotonic_s
from pipertd.protocol import (
    MAX_MESSAGE_BYTES,
    PROTOCOL_VERSION,
    Answer,
    FromFlow,
    Handlers,
    Hello,
    Pong,
    Quarantined,
    Raise,
    Stop,
    ToFlow,
    decode_from_flow,
    encode,
)

HELLO_DEADLINE_S = 5.0
MOST_STRANGERS = 64
PAUSE_S = 1.0  # without a descriptor left, until the next try to accept
_LONGEST_PATH = 107
_Key = tuple[str, str]  # pipeline, flow


class FlowChannel:
    """All connections of flows.

    Args:
        path: where to listen.
        believe: whether a Hello is that of a process that was started here and still lives.
        on_met: called with pipeline and flow when a connection was believed.
        on_message: called with pipeline, flow and what the flow said.
        on_gone: called with pipeline and flow when a believed connection ends.
    """

    def __init__(
        self,
        path: Path,
        *,
        believe: Callable[[Hello], bool],
        on_met: Callable[[str, str], None],
        on_message: Callable[[str, str, Answer | Raise | Quarantined | Pong | Handlers], None],
        on_gone: Callable[[str, str], None],
    ) -> None:
        self.path = path
        self._believe = believe
        self._on_met = on_met
        self._on_message = on_message
        self._on_gone = on_gone
        self._listener: socket.socket | None = None
        self._deaf_until_s = 0.0
        self._strangers: dict[socket.socket, asyncio.TimerHandle] = {}
        self._flows: dict[_Key, socket.socket] = {}

    def open(self) -> None:
        """Listen. The caller holds the runtime directory's lock, so a socket that is there belongs to nobody.

        Raises:
            OSError: the path cannot be bound.
        """
        if len(os.fsencode(self.path)) > _LONGEST_PATH:
            raise OSError(f"cannot listen on {self.path}: the path is longer than {_LONGEST_PATH} bytes")
        self.path.unlink(missing_ok=True)
        self._listen()

    def listen_again(self) -> bool:
        """Whether the socket had been taken away, with its folder perhaps, and is there again.

        Raises:
            OSError: it cannot be made.
        """
        if self._listener is None or self.path.exists():
            return False
        self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        gone = self._listener
        self._listen()
        asyncio.get_running_loop().remove_reader(gone)
        gone.close()
        return True

    def _listen(self) -> None:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        mask = os.umask(0o177)
        try:
            listener.bind(str(self.path))
            listener.listen(MOST_STRANGERS)
        except OSError:
            listener.close()
            raise
        finally:
            os.umask(mask)
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept)

    def close(self) -> None:
        """Hang up on everybody and take the socket away."""
        for stranger in list(self._strangers):
            self._drop_stranger(stranger)
        for key in list(self._flows):
            self._hang_up(key)
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None
            with suppress(OSError):  # a read-only disk: who is next here takes it away
                self.path.unlink()

    @property
    def is_deaf(self) -> bool:
        """Whether nobody can dial, because we had no descriptor left a moment ago."""
        return monotonic_s() < self._deaf_until_s

    def reaches(self, pipeline: str, flow: str) -> bool:
        """Whether the flow is connected."""
        return (pipeline, flow) in self._flows

    def send(self, pipeline: str, flow: str, message: ToFlow) -> bool:
        """Whether the flow was told: it is connected and its socket has room.

        Raises:
            ValueError: the message is too large.
            TypeError: it holds something that cannot be carried.
        """
        datagram = encode(message)
        connection = self._flows.get((pipeline, flow))
        if connection is None:
            return False
        try:
            connection.send(datagram)
        except OSError:  # full, or its end comes as news in a moment
            return False
        return True

    def forget(self, pipeline: str, flow: str) -> None:
        """Hang up on a flow whose process died; what it said last is heard first, also if it dialled a moment ago."""
        while self._listener is not None and self._accept():
            pass
        for stranger in list(self._strangers):
            self._greet(stranger)
        connection = self._flows.get((pipeline, flow))
        while connection is not None and self._flows.get((pipeline, flow)) is connection:
            if not self._hear((pipeline, flow), connection):
                break
        self._hang_up((pipeline, flow))

    def _accept(self) -> bool:
        """Whether somebody had dialled."""
        assert self._listener is not None
        try:
            connection, _ = self._listener.accept()
        except OSError as reason:
            if reason.errno in (errno.EMFILE, errno.ENFILE):  # it stays to be accepted: do not spin until it can be
                loop = asyncio.get_running_loop()
                loop.remove_reader(self._listener)
                self._deaf_until_s = monotonic_s() + 2 * PAUSE_S
                loop.call_later(PAUSE_S, self._listen_again, self._listener)
            return False
        connection.setblocking(False)
        if len(self._strangers) >= MOST_STRANGERS:
            connection.close()
            return True
        loop = asyncio.get_running_loop()
        self._strangers[connection] = loop.call_later(HELLO_DEADLINE_S, self._drop_stranger, connection)
        loop.add_reader(connection, self._greet, connection)
        return True

    def _listen_again(self, listener: socket.socket) -> None:
        if self._listener is listener:
            asyncio.get_running_loop().add_reader(listener, self._accept)

    def _greet(self, connection: socket.socket) -> None:
        message = _receive(connection)
        if isinstance(message, _Nothing):
            return
        self._strangers.pop(connection).cancel()
        loop = asyncio.get_running_loop()
        loop.remove_reader(connection)
        if not isinstance(message, Hello) or not self._is_true(connection, message):
            if isinstance(message, Hello):  # a flow of a daemon that was here before: nobody looks after it any more
                with suppress(OSError):
                    connection.send(encode(Stop()))
            connection.close()
            return
        key = (message.pipeline, message.flow)
        self._hang_up(key)
        self._flows[key] = connection
        loop.add_reader(connection, self._hear, key, connection)
        self._on_met(*key)

    def _is_true(self, connection: socket.socket, hello: Hello) -> bool:
        size = struct.calcsize("3i")
        pid, _, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
        return hello.version == PROTOCOL_VERSION and hello.pid == pid and self._believe(hello)

    def _hear(self, key: _Key, connection: socket.socket) -> bool:
        """Whether there was a message."""
        message = _receive(connection)
        if isinstance(message, _Nothing):
            return False
        if isinstance(message, Answer | Raise | Quarantined | Pong | Handlers):
            self._on_message(*key, message)
            return True
        self._hang_up(key)
        return False

    def _drop_stranger(self, connection: socket.socket) -> None:
        self._strangers.pop(connection).cancel()
        asyncio.get_running_loop().remove_reader(connection)
        connection.close()

    def _hang_up(self, key: _Key) -> None:
        connection = self._flows.pop(key, None)
        if connection is not None:
            asyncio.get_running_loop().remove_reader(connection)
            connection.close()
            self._on_gone(*key)


class _Nothing:
    """No datagram is there yet."""


class _Garbage:
    """The end of the connection, or something that no flow of ours says."""


def _receive(connection: socket.socket) -> FromFlow | _Nothing | _Garbage:
    try:
        datagram = connection.recv(MAX_MESSAGE_BYTES + 1)
    except BlockingIOError:
        return _Nothing()
    except OSError:
        return _Garbage()
    try:
        return decode_from_flow(datagram) if datagram else _Garbage()
    except msgspec.MsgspecError:
        return _Garbage()

"""The flow's end of the channel to the daemon: dials, hears events and stop, and sends answers.

Nothing here may block a routine: what is to be sent is put into an outbox that this thread empties. When the daemon is
away the flow works on, and dials every 200 ms; after ``orphan_timeout_s`` it stops itself (see ``orphan``).
"""

from __future__ import annotations

import os
import select
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

import msgspec

from pipertd.clock import monotonic_s
from pipertd.flow.own_logger import own_logger
from pipertd.protocol import MAX_MESSAGE_BYTES, FlowSpec, FromFlow, Hello, ToFlow, decode_to_flow, encode
from pipertd.shm.bell import create_bell, drain, ring

REDIAL_S = 0.2
FIRST_CONTACT_S = 10.0  # how long a flow that tolerates no absence waits for the daemon to answer at all
MOST_UNSENT = 1000

logger = own_logger(__name__)


class Channel:
    """Runs on a thread of its own until the process ends."""

    def __init__(self, spec: FlowSpec, on_message: Callable[[ToFlow], None], on_orphaned: Callable[[], bool]) -> None:
        """``on_orphaned`` is called again and again while the daemon is away for too long; whether that was the end."""
        self._spec = spec
        self._on_message = on_message
        self._on_orphaned = on_orphaned
        self._outbox: deque[bytes] = deque(maxlen=MOST_UNSENT)
        self._bell = create_bell()
        self._alone_since_s = monotonic_s()
        self._met = False
        self._saying = False

    def start(self) -> None:
        """Begin to dial."""
        threading.Thread(target=self._run, name="channel", daemon=True).start()

    def send(self, message: FromFlow) -> None:
        """Say something to the daemon as soon as it listens; beyond MOST_UNSENT the oldest is forgotten.

        Raises:
            ValueError: it is too large. TypeError: it cannot be carried.
        """
        datagram = encode(message)
        if len(self._outbox) == MOST_UNSENT:
            logger.warning("the daemon does not listen: forgetting the oldest of %d unsent messages", MOST_UNSENT)
        self._outbox.append(datagram)
        ring(self._bell)

    def flush(self, deadline_s: float) -> None:
        """Give the thread until ``deadline_s`` from now to send what waits; called at the very end.

        A short-lived flow may come here before its thread has dialled at all.
        """
        end = monotonic_s() + deadline_s
        pause = select.poll()
        while (self._outbox or self._saying) and monotonic_s() < end:
            pause.poll(5)

    def _run(self) -> None:
        while True:
            connection = self._dial()
            if connection is not None:
                self._met = True
                self._converse(connection)
                _close(connection)
                self._alone_since_s = monotonic_s()
            elif self._is_orphan() and self._on_orphaned():
                return
            select.poll().poll(REDIAL_S * 1000)

    def _is_orphan(self) -> bool:
        tolerated_s = self._spec.orphan_timeout_s if self._met else max(self._spec.orphan_timeout_s, FIRST_CONTACT_S)
        return monotonic_s() - self._alone_since_s > tolerated_s

    def _dial(self) -> socket.socket | None:
        spec = self._spec
        hello = Hello(
            pipeline=spec.pipeline, flow=spec.flow, generation=spec.generation, nonce=spec.nonce, pid=os.getpid()
        )
        try:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError:  # no descriptor is free now
            return None
        try:
            connection.settimeout(REDIAL_S)
            connection.connect(spec.channel)
            connection.send(encode(hello))
        except OSError:  # nobody listens now: that is what redialling is for
            _close(connection)
            return None
        connection.setblocking(False)
        return connection

    def _converse(self, connection: socket.socket) -> None:
        """Talk until the daemon hangs up."""
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        while True:
            poll.register(connection, select.POLLIN | (select.POLLOUT if self._outbox else 0))
            ready = dict(poll.poll())
            if self._bell in ready:
                drain(self._bell)
            try:
                if ready.get(connection.fileno(), 0) & ~select.POLLOUT and not self._hear(connection):
                    return
                self._say(connection)
            except OSError:
                return

    def _hear(self, connection: socket.socket) -> bool:
        """Whether the connection still stands."""
        try:
            datagram = connection.recv(MAX_MESSAGE_BYTES + 1)
        except BlockingIOError:
            return True
        if not datagram:
            return False
        try:
            message = decode_to_flow(datagram)
        except msgspec.MsgspecError as reason:
            logger.warning("cannot understand the daemon: %s", reason)
            return True
        self._on_message(message)
        return True

    def _say(self, connection: socket.socket) -> None:
        self._saying = True  # before the outbox is empty, so that nobody who flushes it leaves in between
        try:
            while self._outbox:
                datagram = self._outbox.popleft()  # first: while we send, another thread may push the oldest out
                try:
                    connection.send(datagram)
                except BlockingIOError:
                    self._outbox.appendleft(datagram)
                    return
                except OSError:
                    self._outbox.appendleft(datagram)
                    raise
        finally:
            self._saying = False


def _close(connection: socket.socket) -> None:
    with suppress(OSError):  # code of an author's closed it under our hands
        connection.close()

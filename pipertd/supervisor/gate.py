"""The gate that every process of a flow waits at, from its start until all that must come before it has been done.

Before the gate opens, the process runs no code of an author's and touches no ledger; so its limits can be set and it
can be put on record first. A daemon that dies in between shuts the gate by its death, and the process ends by itself.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

from pipertd.errors import LaunchFailed
from pipertd.protocol import Begin, Prepare, encode
from pipertd.supervisor.launch import Process

_LONGEST_WAY_S = 10.0  # a process that is held on its way must not hold up others


class Waiting:
    """A process that was started: on its way to its gate, or there.

    Attributes:
        process: its owner buries it.
        problems: which of its limits could not be applied, in words.
    """

    def __init__(self, process: Process, gate: socket.socket, on_arrival: Callable[[], None]) -> None:
        """``on_arrival`` is called once: when the process is at its gate, takes too long to come there, or died."""
        self.process = process
        self.problems: list[str] = []
        self._gate = gate
        self._on_arrival: Callable[[], None] | None = on_arrival
        loop = asyncio.get_running_loop()
        loop.add_reader(gate, self._arrived)
        self._timer = loop.call_later(_LONGEST_WAY_S, self._arrived)

    def prepare(self) -> None:
        """Let it import its code, and wait again."""
        self._say(Prepare())

    def begin(self, order: Begin) -> None:
        """Let it in: it is what the order says. Where it is dead already, its death is news to whoever watches it."""
        self._say(order)

    def close(self) -> None:
        """Shut the gate: a process that was not let in ends by itself."""
        self._arrived()
        self._gate.close()

    def _say(self, order: Prepare | Begin) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self._gate.send(encode(order))

    def _arrived(self) -> None:
        if self._on_arrival is not None:
            asyncio.get_running_loop().remove_reader(self._gate)
            self._timer.cancel()
            self._on_arrival()
            self._on_arrival = None


def make_gate(target: str) -> tuple[socket.socket, socket.socket]:
    """The daemon's end, which never blocks, and the process's end.

    Raises:
        LaunchFailed: there is no descriptor left.
    """
    try:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError as reason:
        raise LaunchFailed(f"cannot prepare the start of {target}: {reason}") from reason
    ours.setblocking(False)
    return ours, theirs

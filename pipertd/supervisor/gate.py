"""The gate that every process of a flow waits at, from its start until all that must come before it has been done.

Before the gate opens, the process runs no code of an author's and touches no ledger; so its limits can be set and it
can be put on record first. A daemon that dies in between shuts the gate by its death, and the process ends by itself.
"""

from __future__ import annotations

import socket
from contextlib import suppress

from pipertd.errors import LaunchFailed
from pipertd.protocol import Begin, Prepare, encode
from pipertd.supervisor.cgroup import Cgroup
from pipertd.supervisor.launch import Process


class Waiting:
    """A process at its gate.

    Attributes:
        process: its owner buries it.
        problems: which of its limits could not be applied, in words.
        group: what holds it, where there is a cgroup for it; its owner buries that, too.
    """

    def __init__(self, process: Process, gate: socket.socket, problems: list[str], group: Cgroup | None) -> None:
        self.process = process
        self.problems = problems
        self.group = group
        self._gate = gate

    def prepare(self) -> None:
        """Let it import its code, and wait again."""
        self._say(Prepare())

    def begin(self, order: Begin) -> None:
        """Let it in: it is what the order says. Where it is dead already, its death is news to whoever watches it."""
        self._say(order)
        self._gate.close()

    def turn_away(self) -> None:
        """Shut the gate: the process ends by itself, unless it was let in."""
        self._gate.close()

    def _say(self, order: Prepare | Begin) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self._gate.send(encode(order))


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

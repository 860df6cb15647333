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
from pipertd.supervisor.cgroup import Cgroup
from pipertd.supervisor.evidence import Evidence
from pipertd.supervisor.launch import Process
from pipertd.supervisor.restart import Ending

_LONGEST_WAY_S = 10.0  # a process that is held on its way must not hold up others


class Waiting:
    """A process that was started: on its way to its gate, or there.

    Attributes:
        process: buried by ``bury``, when it is dead.
        evidence: what it leaves when it is dead; closed by whoever buries it.
        mark: what it and all that it starts have in their environment.
        problems: which of its limits could not be applied, in words.
        group: what holds it, where there is a cgroup for it.
    """

    def __init__(
        self,
        process: Process,
        evidence: Evidence,
        gate: socket.socket | None,
        on_arrival: Callable[[], None],
        *,
        mark: str = "",
    ) -> None:
        """``gate`` is None where a daemon before this one had it: it fell shut with that one.

        ``on_arrival`` is called once: when the process is at its gate, takes too long to come there, or died.
        """
        self.process = process
        self.evidence = evidence
        self.mark = mark
        self.problems: list[str] = []
        self.group: Cgroup | None = None
        self._bury_group: Callable[[Cgroup], None] | None = None
        self._gate = gate
        self._on_arrival: Callable[[], None] | None = on_arrival
        self._timer: asyncio.TimerHandle | None = None
        if gate is not None:
            loop = asyncio.get_running_loop()
            loop.add_reader(gate, self._arrived)
            self._timer = loop.call_later(_LONGEST_WAY_S, self._arrived)

    @classmethod
    def left(cls, process: Process, evidence: Evidence) -> Waiting:
        """One that a daemon before this one started, dead or alive."""
        return cls(process, evidence, None, lambda: None)

    @property
    def was_left(self) -> bool:
        """Whether a daemon before this one started it."""
        return self._gate is None

    def held_by(self, group: Cgroup, bury: Callable[[Cgroup], None]) -> None:
        """It is in this group, which ``bury`` takes away when it is dead."""
        self.group, self._bury_group = group, bury

    def prepare(self) -> None:
        """Let it import its code, and wait again."""
        self._say(Prepare())

    def begin(self, order: Begin) -> None:
        """Let it in: it is what the order says. Where it is dead already, its death is news to whoever watches it."""
        self._say(order)

    def close(self) -> None:
        """Shut the gate: a process that was not let in ends by itself."""
        self._arrived()
        if self._gate is not None:
            self._gate.close()

    def bury(self) -> Ending:
        """Say how the dead process ended; with it goes all that it had."""
        self.close()
        ending = self.process.bury()
        if self.group is not None and self._bury_group is not None:
            self._bury_group(self.group)
        return ending

    def _say(self, order: Prepare | Begin) -> None:
        assert self._gate is not None
        with suppress(BrokenPipeError, ConnectionResetError):
            self._gate.send(encode(order))

    def _arrived(self) -> None:
        if self._on_arrival is not None:
            if self._gate is not None and self._timer is not None:
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

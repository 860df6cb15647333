"""Flows that a zygote forks: how the supervisor asks for one, and has it buried by its parent."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from msgspec.structs import replace

from pipertd.definition.model import Pipeline
from pipertd.errors import LaunchFailed
from pipertd.forking import Buried, Bury, Fork, Forked, Refused, Reply, Request, hear_reply, send
from pipertd.memory import memory_file
from pipertd.protocol import FlowSpec, encode_spec
from pipertd.supervisor.adopted import AdoptedProcess
from pipertd.supervisor.launch import Process
from pipertd.supervisor.procfs import start_ticks
from pipertd.supervisor.restart import Ending
from pipertd.supervisor.strays import marked


class ZygoteGone(Exception):
    """Raised when the zygote died: nothing can be forked any more, and somebody else reaps its children."""


class Zygote:
    """The zygote at the other end of ``line``, asked one thing at a time, from any thread."""

    def __init__(self, line: socket.socket, *, patience_s: float | None = None) -> None:
        """One that does not answer for so long counts as dead."""
        self._line = line
        self._line.settimeout(patience_s)
        self._turn = threading.Lock()

    def ask(self, request: Request, fds: Sequence[int] = ()) -> Reply:
        """What it answers.

        Raises:
            ZygoteGone: it died before it answered.
        """
        with self._turn:
            try:
                send(self._line, request, fds)
                self.wait()
                return hear_reply(self._line)
            except (OSError, EOFError) as reason:
                self._line.close()  # a late answer must not pass for that to another question
                raise ZygoteGone from reason

    def wait(self) -> None:
        """Until there is an answer to be read; as a rule, what the answer is waited for with has its own time."""


@dataclass(frozen=True)
class ForkedProcess(AdoptedProcess):
    """A child of the zygote's, a zombie until that one is asked to bury it; nobody else is given its process id."""

    zygote: Zygote

    def bury(self) -> Ending:
        """Have what is left of its group taken down and itself reaped, and say how it ended."""
        try:
            reply = self.zygote.ask(Bury(pid=self.pid))
        except ZygoteGone:
            return super().bury()
        if not isinstance(reply, Buried):
            return super().bury()
        os.close(self.pidfd)
        return Ending(reply.status, -reply.status if reply.status < 0 else None)


class ZygoteLauncher:
    """Has flows forked from a zygote, with what was in its memory when it was made."""

    def __init__(self, zygote: Zygote, *, on_demand: bool) -> None:
        """``on_demand``: as in a script's pipe, routines begin when they are started, one by one."""
        self._zygote = zygote
        self._on_demand = on_demand

    def launch(self, pipeline: Pipeline, spec: FlowSpec, fds: Sequence[int], mark: str, *, settles: bool) -> Process:
        """See ``launcher.Launcher``."""
        target = f"{spec.pipeline}/{spec.flow}"
        try:
            with memory_file(f"pipertd-{spec.flow}", encode_spec(replace(spec, on_demand=self._on_demand))) as told:
                given = [told.fileno(), *fds]
                request = Fork(
                    flow=spec.flow, settles=settles, fds=given, environment=marked(pipeline.environment, mark)
                )
                reply = self._zygote.ask(request, given)
        except OSError as reason:
            raise LaunchFailed(f"cannot prepare the start of {target}: {reason}") from reason
        except ZygoteGone as reason:
            way_out = "; build the pipe again" if self._on_demand else ""
            raise LaunchFailed(
                f"cannot start {target}: the process that it is forked from is dead{way_out}"
            ) from reason
        if isinstance(reply, Refused):
            cause = OSError(reply.errno, reply.reason)
            raise LaunchFailed(f"cannot start {target}: {reply.reason}") from cause
        assert isinstance(reply, Forked), reply
        return self._watched(reply.pid, target)

    def _watched(self, pid: int, target: str) -> Process:
        try:
            return ForkedProcess(pid, os.pidfd_open(pid), start_ticks(pid) or 0, self._zygote)
        except OSError as reason:  # no descriptor left: a process that cannot be watched must not run
            os.kill(pid, signal.SIGKILL)
            with suppress(ZygoteGone):
                self._zygote.ask(Bury(pid=pid))
            raise LaunchFailed(f"cannot watch {target}: {reason}") from reason

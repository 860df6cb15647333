"""The zygote of one flow of the daemon's, from which the generations behind the first are forked.

It is had when the flow is up, and ends when the flow is at rest. Where there is none, or none any more, a generation is
a Python of its own, so that nothing depends on it. It is not on record: it goes with its daemon.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import msgspec

from pipertd.definition.model import Flow, Pipeline, Start
from pipertd.errors import LaunchFailed
from pipertd.forking import Imports
from pipertd.logs.destination import open_output
from pipertd.logs.store import LogStore
from pipertd.memory import memory_file
from pipertd.supervisor.launch import Process, flow_environment, launch
from pipertd.supervisor.launcher import Launcher, program
from pipertd.supervisor.zygote import Zygote, ZygoteLauncher

logger = logging.getLogger(__name__)

_PATIENCE_S = 1.0  # it only forks: one that takes longer is held by something


class _Code(NamedTuple):
    """What it has imported, and with what environment: a flow that is another by now is not forked from it."""

    python: str | None
    path: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]
    class_paths: tuple[str, ...]

    @classmethod
    def of(cls, pipeline: Pipeline, flow: Flow) -> _Code:
        classes = tuple(routine.class_path for routine in flow.routines)
        return cls(pipeline.python, pipeline.path, tuple(sorted(pipeline.environment.items())), classes)


class WarmStart:
    """The zygote, if there is one."""

    def __init__(self, logs: LogStore, on_over: Callable[[], None]) -> None:
        """``on_over`` is called when one that was ended is dead."""
        self._logs = logs
        self._on_over = on_over
        self._code: _Code | None = None
        self._coming: asyncio.Task[None] | None = None
        self._process: Process | None = None
        self._line: socket.socket | None = None
        self._zygote: Zygote | None = None
        self._is_unwanted = False

    @property
    def _is_there(self) -> bool:
        return self._coming is not None or self._process is not None

    def begin(self, pipeline: Pipeline, flow: Flow) -> None:
        """Have one, where the definition wants it; one that has other code goes."""
        code = _Code.of(pipeline, flow)
        if flow.start is not Start.ZYGOTE or (self._is_there and code != self._code):
            self.end()
        elif not self._is_there:
            self._code, self._is_unwanted = code, False
            self._coming = asyncio.create_task(self._start(pipeline, flow))

    def launcher(self, pipeline: Pipeline, flow: Flow) -> Launcher | None:
        """What forks from it; None where it cannot be had, or has not imported everything yet."""
        if self._zygote is None or flow.start is not Start.ZYGOTE or self._code != _Code.of(pipeline, flow):
            return None
        return ZygoteLauncher(self._zygote, on_demand=False)

    def end(self) -> bool:
        """Kill it, if there is one; whether it still has to die. What was forked from it lives on."""
        self._is_unwanted = True
        self._zygote = None
        if self._process is not None:
            self._process.kill_group()
        return self._is_there

    async def _start(self, pipeline: Pipeline, flow: Flow) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            process = await asyncio.to_thread(self._launch, pipeline, flow, theirs.fileno())
        except (LaunchFailed, RuntimeError, OSError) as reason:
            ours.close()
            logger.warning("%s/%s has no zygote: %s", pipeline.name, flow.name, reason)
            self._coming = None
            self._over()
            return
        finally:
            theirs.close()
        self._process, self._line, self._coming = process, ours, None
        asyncio.get_running_loop().add_reader(process.pidfd, self._died)
        asyncio.get_running_loop().add_reader(ours, self._heard)
        if self._is_unwanted:
            process.kill_group()

    def _launch(self, pipeline: Pipeline, flow: Flow, line: int) -> Process:
        imports = Imports(path=list(pipeline.path), class_paths=[each.class_path for each in flow.routines])
        log = self._logs.spec_of(pipeline.name, flow.name)
        output = open_output(log, pipeline=pipeline.name, flow=flow.name)
        try:
            with memory_file(f"pipertd-{flow.name}", msgspec.msgpack.encode(imports)) as told:
                told.flush()
                arguments = [f"{pipeline.name}/{flow.name}", str(told.fileno()), str(line)]
                return launch(
                    program(pipeline, "pipertd.flow.warm", *arguments),
                    environment=flow_environment(os.environ, pipeline.environment),
                    fds=[told.fileno(), line],
                    output=output,
                )
        finally:
            os.close(output)

    def _heard(self) -> None:
        """It has imported everything, or its end is near, which its pidfd tells."""
        assert self._line is not None
        asyncio.get_running_loop().remove_reader(self._line)
        with suppress(OSError):
            if self._line.recv(1024) and not self._is_unwanted:
                self._zygote = Zygote(self._line, patience_s=_PATIENCE_S)

    def _died(self) -> None:
        dead, line = self._process, self._line
        assert dead is not None
        assert line is not None
        loop = asyncio.get_running_loop()
        loop.remove_reader(dead.pidfd)
        if line.fileno() >= 0:  # else it was closed when it gave no answer
            loop.remove_reader(line)
            line.close()
        dead.bury()
        self._process = self._line = self._zygote = None
        self._over()

    def _over(self) -> None:
        if self._is_unwanted:
            self._on_over()

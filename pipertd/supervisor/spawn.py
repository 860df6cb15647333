"""From a flow's definition to its process: the specification, its descriptors, its gate, and what holds it."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence

from pipertd.definition.model import Flow, Pipeline
from pipertd.errors import LaunchFailed
from pipertd.protocol import FlowSpec
from pipertd.supervisor.credentials import check_credentials
from pipertd.supervisor.evidence import Evidence
from pipertd.supervisor.gate import Waiting, make_gate
from pipertd.supervisor.launch import Process, flow_environment
from pipertd.supervisor.launcher import Launcher
from pipertd.supervisor.resources import limit
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.stacks import StacksFile
from pipertd.supervisor.strays import new_mark
from pipertd.supervisor.surroundings import Surroundings
from pipertd.supervisor.warm import WarmStart

logger = logging.getLogger(__name__)


class Spawner:
    """Starts the processes of one flow, as its definition has them by then; each waits at its gate."""

    def __init__(self, pipeline: Pipeline, flow: Flow, shared: Surroundings, warm: WarmStart) -> None:
        """``warm`` may have a zygote, which generations are forked from then."""
        self.pipeline = pipeline
        self.flow = flow
        self._shared = shared
        self._warm = warm

    def renew(self, pipeline: Pipeline, flow: Flow) -> None:
        """Go by another definition from the next process on."""
        self.pipeline, self.flow = pipeline, flow

    async def generation(self, number: int, segments: PipelineSegments) -> Waiting:
        """Start a process that will be this generation, or stands by to be it, and set its limits.

        Raises:
            LaunchFailed: its interpreter, its log or a credential cannot be used.
        """
        environment = flow_environment(os.environ, self.pipeline.environment)
        check_credentials(f"{self.pipeline.name}/{self.flow.name}", self.pipeline.credentials, environment)
        waiting = await self._spawn(number, segments)
        wanted, cgroups = self.flow.resources, self._shared.cgroups
        held = cgroups.hold(waiting.process.pid, f"{self.pipeline.name}.{self.flow.name}", wanted)
        limited = limit(waiting.process.pid, wanted, memory=not held.limits_memory)
        waiting.problems = [*limited, *held.problems]
        if held.group is not None:
            waiting.held_by(held.group, cgroups.bury)
        return waiting

    async def settling(self, generation: int, segments: PipelineSegments) -> Waiting:
        """Start the process that settles what this generation left; it ends with the daemon, if not before.

        Raises:
            LaunchFailed: its interpreter or its log cannot be used.
        """
        return await self._spawn(generation, segments, settles=True)

    def left(self, process: Process, generation: int, stacks: str = "") -> Waiting:
        """A process that a daemon before this one started, which writes its stacks into the file of that name."""
        return Waiting.left(process, self._evidence(self._shared.stacks.reopen(stacks), generation))

    def _evidence(self, stacks: StacksFile | None, generation: int) -> Evidence:
        return Evidence(self._shared.logs, stacks, self.pipeline.name, self.flow.name, generation)

    async def _spawn(self, generation: int, segments: PipelineSegments, *, settles: bool = False) -> Waiting:
        pipeline, starts = self.pipeline, self._shared.starts
        ours, theirs = make_gate(f"{pipeline.name}/{self.flow.name}")
        stacks = self._shared.stacks.make()
        spec = self._spec(generation, segments, gate_fd=theirs.fileno(), stacks_fd=stacks.fd if stacks else -1)
        fds = [*segments.all_fds(), theirs.fileno(), *([stacks.fd] if stacks else [])]
        mark = new_mark()
        await starts.acquire()
        try:
            process = await self._launched(spec, fds, mark, settles=settles)
        except LaunchFailed:
            starts.release()
            ours.close()
            if stacks is not None:
                stacks.remove()
            raise
        finally:
            theirs.close()
        return Waiting(process, self._evidence(stacks, generation), ours, starts.release, mark=mark)

    async def _launched(self, spec: FlowSpec, fds: Sequence[int], mark: str, *, settles: bool) -> Process:
        """Its process: forked where there is something to fork it from, and that can."""
        warm = None if settles else self._warm.launcher(self.pipeline, self.flow)
        if warm is not None:
            try:
                return await _launch_on_a_thread(warm, self.pipeline, spec, fds, mark, settles=settles)
            except LaunchFailed as reason:
                logger.warning("%s/%s is started anew: %s", self.pipeline.name, self.flow.name, reason)
                self._warm.end()
        return await _launch_on_a_thread(self._shared.launcher, self.pipeline, spec, fds, mark, settles=settles)

    def _spec(self, generation: int, segments: PipelineSegments, gate_fd: int, stacks_fd: int) -> FlowSpec:
        pipeline, flow, shared = self.pipeline, self.flow, self._shared
        own_s = pipeline.orphan_timeout_s
        return FlowSpec(
            pipeline=pipeline.name,
            flow=flow.name,
            generation=generation,
            channel=str(shared.channel.path),
            path=list(pipeline.path),
            orphan_timeout_s=shared.orphan_timeout_s if own_s is None else own_s,
            stop_s=flow.watchdog.stop_s,
            log=shared.logs.spec_of(pipeline.name, flow.name),
            run=segments.run,
            quarantine=shared.quarantine,
            credentials=list(pipeline.credentials),
            routines=segments.flow_specs(flow.name),
            gate_fd=gate_fd,
            stacks_fd=stacks_fd,
        )


async def _launch_on_a_thread(
    launcher: Launcher, pipeline: Pipeline, spec: FlowSpec, fds: Sequence[int], mark: str, *, settles: bool
) -> Process:
    """A process takes its time to come when all cores are busy."""
    try:
        return await asyncio.to_thread(launcher.launch, pipeline, spec, fds, mark, settles=settles)
    except (RuntimeError, OSError) as reason:  # no thread, or no descriptor left to load what makes the first one
        raise LaunchFailed(f"cannot start {spec.pipeline}/{spec.flow}: {reason}") from reason

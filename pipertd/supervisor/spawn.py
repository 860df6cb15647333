"""From a flow's definition to its process: the specification in a memfd, its descriptors, its environment, its log."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from pipertd.definition.model import Flow, Pipeline
from pipertd.errors import LaunchFailed
from pipertd.logs.reader import LogStore
from pipertd.logs.writer import open_log
from pipertd.protocol import FlowSpec, LogSpec, QuarantineSpec, encode_spec
from pipertd.supervisor.cgroups import Cgroups
from pipertd.supervisor.channel import FlowChannel
from pipertd.supervisor.gate import Waiting, make_gate
from pipertd.supervisor.history import History
from pipertd.supervisor.launch import Process, flow_environment, launch, memory_file
from pipertd.supervisor.pulse import Pulse
from pipertd.supervisor.resources import limit
from pipertd.supervisor.segments import PipelineSegments
from pipertd.supervisor.strays import Strays, marked, new_mark


@dataclass(frozen=True)
class Surroundings:
    """What all flows of one daemon share."""

    runtime_dir: Path
    logs: LogStore
    history: History
    channel: FlowChannel
    pulse: Pulse
    quarantine: QuarantineSpec
    orphan_timeout_s: float
    cgroups: Cgroups
    starts: asyncio.Semaphore  # many at once only slow each other down, and the daemon with them
    strays: Strays = field(default_factory=Strays)


async def spawn_flow(
    pipeline: Pipeline, flow: Flow, generation: int, segments: PipelineSegments, shared: Surroundings
) -> Waiting:
    """Start a process of a flow, and set its limits; it waits at its gate.

    Raises:
        LaunchFailed: its interpreter or its log cannot be used.
    """
    waiting = await _spawn(pipeline, _spec(pipeline, flow, generation, segments, shared), segments, shared)
    held = shared.cgroups.hold(waiting.process.pid, f"{pipeline.name}.{flow.name}", flow.resources)
    limited = limit(waiting.process.pid, flow.resources, memory=not held.limits_memory)
    waiting.problems = [*limited, *held.problems]
    if held.group is not None:
        waiting.held_by(held.group, shared.cgroups.bury)
    return waiting


async def spawn_settling(
    pipeline: Pipeline, flow: Flow, generation: int, segments: PipelineSegments, shared: Surroundings
) -> Waiting:
    """Start the process that settles what this generation of a flow left; it ends with the daemon, if not before.

    Raises:
        LaunchFailed: its interpreter or its log cannot be used.
    """
    return await _spawn(pipeline, _spec(pipeline, flow, generation, segments, shared), segments, shared, "--settle")


def _spec(
    pipeline: Pipeline, flow: Flow, generation: int, segments: PipelineSegments, shared: Surroundings
) -> FlowSpec:
    own_s = pipeline.orphan_timeout_s
    return FlowSpec(
        pipeline=pipeline.name,
        flow=flow.name,
        generation=generation,
        channel=str(shared.channel.path),
        path=list(pipeline.path),
        orphan_timeout_s=shared.orphan_timeout_s if own_s is None else own_s,
        stop_s=flow.watchdog.stop_s,
        log=LogSpec(kind="file", path=str(shared.logs.flow_file(pipeline.name, flow.name))),
        run=segments.run,
        quarantine=shared.quarantine,
        routines=segments.flow_specs(flow.name),
    )


async def _spawn(
    pipeline: Pipeline, spec: FlowSpec, segments: PipelineSegments, shared: Surroundings, *options: str
) -> Waiting:
    """On a thread, because a process takes its time to come when all cores are busy."""
    ours, theirs = make_gate(f"{spec.pipeline}/{spec.flow}")
    told = replace(spec, gate_fd=theirs.fileno())
    fds = [*segments.all_fds(), theirs.fileno()]
    mark = new_mark()
    await shared.starts.acquire()
    try:
        process = await asyncio.to_thread(_launch, pipeline, told, options, fds, mark)
    except LaunchFailed:
        shared.starts.release()
        ours.close()
        raise
    finally:
        theirs.close()
    return Waiting(process, ours, shared.starts.release, mark=mark)


def _launch(pipeline: Pipeline, spec: FlowSpec, options: Sequence[str], fds: Sequence[int], mark: str) -> Process:
    target = f"{spec.pipeline}/{spec.flow}"
    with ExitStack() as stack:
        try:
            output = open_log(Path(spec.log.path))
            stack.callback(os.close, output)
            spec_fd = memory_file(f"pipertd-{spec.flow}", encode_spec(spec))
            stack.callback(os.close, spec_fd)
        except OSError as reason:
            raise LaunchFailed(f"cannot prepare the start of {target}: {reason}") from reason
        return launch(
            [pipeline.python or sys.executable, "-m", "pipertd.flow", *options, target, str(spec_fd)],
            environment=marked(flow_environment(os.environ, pipeline.environment), mark),
            fds=[*fds, spec_fd],
            output=output,
        )

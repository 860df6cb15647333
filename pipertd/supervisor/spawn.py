"""From a flow's definition to its process: the specification in a memfd, its descriptors, its environment, its log."""

from __future__ import annotations

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
from pipertd.supervisor.strays import Strays, marked


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
    strays: Strays = field(default_factory=Strays)


def spawn_flow(
    pipeline: Pipeline, flow: Flow, generation: int, segments: PipelineSegments, shared: Surroundings
) -> Waiting:
    """Start a process of a flow, and set its limits; it waits at its gate.

    Raises:
        LaunchFailed: its interpreter or its log cannot be used.
    """
    ours, theirs = make_gate(f"{pipeline.name}/{flow.name}")
    spec = replace(_spec(pipeline, flow, generation, segments, shared), gate_fd=theirs.fileno())
    try:
        process = _spawn(pipeline, spec, segments, fds=[theirs.fileno()])
    except LaunchFailed:
        ours.close()
        raise
    finally:
        theirs.close()
    held = shared.cgroups.hold(process.pid, f"{pipeline.name}.{flow.name}", flow.resources)
    limited = limit(process.pid, flow.resources, memory=not held.limits_memory)
    return Waiting(process, ours, [*limited, *held.problems], held.group)


def spawn_settling(
    pipeline: Pipeline, flow: Flow, generation: int, segments: PipelineSegments, shared: Surroundings
) -> Process:
    """Start the process that settles what this generation of a flow left; it ends with the daemon, if not before.

    Raises:
        LaunchFailed: its interpreter or its log cannot be used.
    """
    spec = _spec(pipeline, flow, generation, segments, shared)
    try:
        daemon_pidfd = os.pidfd_open(os.getpid())
    except OSError as reason:
        raise LaunchFailed(f"cannot prepare the settling of {pipeline.name}/{flow.name}: {reason}") from reason
    try:
        return _spawn(pipeline, replace(spec, daemon_pidfd=daemon_pidfd), segments, "--settle", fds=[daemon_pidfd])
    finally:
        os.close(daemon_pidfd)


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
        log=LogSpec(kind="file", path=str(shared.logs.flow_file(pipeline.name, flow.name))),
        run=segments.run,
        quarantine=shared.quarantine,
        routines=segments.flow_specs(flow.name),
    )


def _spawn(
    pipeline: Pipeline, spec: FlowSpec, segments: PipelineSegments, *options: str, fds: Sequence[int] = ()
) -> Process:
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
            environment=marked(flow_environment(os.environ, pipeline.environment)),
            fds=[*segments.all_fds(), *fds, spec_fd],
            output=output,
        )

"""What starts the processes of flows: by running Python anew, unless somebody else is given for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

from pipertd.definition.model import Pipeline
from pipertd.errors import LaunchFailed
from pipertd.logs.destination import open_output
from pipertd.memory import memory_file
from pipertd.protocol import FlowSpec, encode_spec
from pipertd.supervisor.launch import Process, flow_environment, launch
from pipertd.supervisor.strays import marked


class Launcher(Protocol):
    """Starts a process, which comes to its gate by itself."""

    def launch(self, pipeline: Pipeline, spec: FlowSpec, fds: Sequence[int], mark: str, *, settles: bool) -> Process:
        """Start it. Takes its time: called on a thread.

        Args:
            pipeline: whose environment and interpreter it has.
            spec: what it is told.
            fds: all descriptors that the specification names, by their numbers here.
            mark: what it and all that it starts are known by, see ``strays``.
            settles: whether it only settles what the last generation left.

        Raises:
            LaunchFailed: it cannot be had.
        """


def program(pipeline: Pipeline, module: str, *arguments: str) -> list[str]:
    """The command that runs a module of pipertd's with the pipeline's interpreter."""
    # -P: whatever lies where the daemon was started is no part of any pipeline.
    return [pipeline.python or sys.executable, "-P", "-m", module, *arguments]


class ExecLauncher:
    """Runs ``python -m pipertd.flow``. Nothing of the daemon is in it."""

    def launch(self, pipeline: Pipeline, spec: FlowSpec, fds: Sequence[int], mark: str, *, settles: bool) -> Process:
        """See :class:`Launcher`."""
        target = f"{spec.pipeline}/{spec.flow}"
        options = ["--settle"] if settles else []
        with ExitStack() as stack:
            try:
                output = open_output(spec.log, pipeline=spec.pipeline, flow=spec.flow)
                stack.callback(os.close, output)
                spec_fd = stack.enter_context(memory_file(f"pipertd-{spec.flow}", encode_spec(spec))).fileno()
            except OSError as reason:
                raise LaunchFailed(f"cannot prepare the start of {target}: {reason}") from reason
            return launch(
                program(pipeline, "pipertd.flow", *options, target, str(spec_fd)),
                environment=marked(flow_environment(os.environ, pipeline.environment), mark),
                fds=[*fds, spec_fd],
                output=output,
            )

"""What an operator does to flows that are up: holds them, has them go on, kills them. It starts and stops none."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from pipertd.errors import WrongState
from pipertd.names import Target
from pipertd.supervisor.pipeline import SupervisedPipeline
from pipertd.supervisor.pulse import Pulse

_DEATH_S = 5.0


def pause(pipeline: SupervisedPipeline, name: str | None, paused: bool) -> None:
    """Have flows take nothing, or go on: one, or all that are up.

    Raises:
        UnknownTarget: no flow has that name.
        WrongState: there is nothing to be paused.
    """
    chosen = pipeline.chosen(name)
    up = [flow for flow in chosen if not flow.state.at_rest]
    if paused and not up:
        raise _nothing_to("pause", pipeline, name)
    for flow in up if paused else chosen:
        flow.pause(paused)


async def kill(pipeline: SupervisedPipeline, name: str | None, pulse: Pulse) -> None:
    """SIGKILL to the process of a flow, or of each one, and wait for its death; the restart rules say what follows.

    It is not waited for long: the kernel may hold a process that waits for a disk.

    Raises:
        UnknownTarget: no flow has that name.
        WrongState: there is no process.
    """
    up = [flow for flow in pipeline.chosen(name) if flow.has_process]
    if not up:
        raise _nothing_to("kill", pipeline, name)
    killed = [(flow, flow.generation) for flow in up]
    for flow in up:
        flow.kill()
    with suppress(TimeoutError):
        async with asyncio.timeout(_DEATH_S):
            await pulse.until(
                lambda: not any(flow.has_process and flow.generation == number for flow, number in killed)
            )


def _nothing_to(action: str, pipeline: SupervisedPipeline, name: str | None) -> WrongState:
    state = pipeline.flow(name).state if name else pipeline.state
    return WrongState(action, Target(pipeline.definition.name, name), state)

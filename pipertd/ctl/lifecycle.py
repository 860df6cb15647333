"""``pipertctl start``, ``stop``, ``restart``, ``pause``, ``resume`` and ``kill``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipertd.ctl.arguments import flow_target
from pipertd.ctl.documents.status import pipeline_document
from pipertd.ctl.exits import talking
from pipertd.ctl.output import print_document
from pipertd.ctl.screen import OVER
from pipertd.ctl.settings import Output, Settings, command

if TYPE_CHECKING:
    from pipertd.client import records


@command("start")
@flow_target
def start(settings: Settings, target: str) -> None:
    """Have a pipeline or one of its flows up."""
    with talking(settings) as client:
        _show(client.pipelines.start(target), target, settings)


@command("stop")
@flow_target
@click.option("--now", is_flag=True, help="Do not drain the links; what is left is counted.")
def stop(settings: Settings, target: str, now: bool) -> None:
    """Have a pipeline or one of its flows down; returns when it is."""
    with talking(settings) as client:
        _show(client.pipelines.stop(target, now=now), target, settings)


@command("restart")
@flow_target
def restart(settings: Settings, target: str) -> None:
    """Stop, then start. One flow goes on within its run, a pipeline begins a new one."""
    with talking(settings) as client:
        _show(client.pipelines.restart(target), target, settings)


@command("pause")
@flow_target
def pause(settings: Settings, target: str) -> None:
    """Have a pipeline or one of its flows take nothing. It lasts, also through restarts, until it is resumed."""
    with talking(settings) as client:
        _show(client.pipelines.pause(target), target, settings)


@command("resume")
@flow_target
def resume(settings: Settings, target: str) -> None:
    """Have what is paused go on."""
    with talking(settings) as client:
        _show(client.pipelines.resume(target), target, settings)


@command("kill")
@flow_target
def kill(settings: Settings, target: str) -> None:
    """Kill a flow, or every flow of a pipeline, by SIGKILL. Returns when dead; the restart rules say what follows."""
    with talking(settings) as client:
        _show(client.pipelines.kill(target), target, settings)


def _show(pipeline: records.Pipeline, target: str, settings: Settings) -> None:
    if settings.output is not Output.TABLE:
        print_document(pipeline_document(pipeline), settings.output)
        return
    _, *names = target.split("/")
    flows = [flow for flow in pipeline.flows if flow.name in names[:1] or not names]
    state = flows[0].state if names else pipeline.state
    up = [flow for flow in flows if flow.state not in OVER]
    paused = ", paused" if up and all(flow.paused for flow in up) else ""
    stands = f" (routine {names[1]} stands for its flow)" if len(names) > 1 else ""
    print(f"{'/'.join([pipeline.name, *names[:1]])}: {state}{paused}{stands}")

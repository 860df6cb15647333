"""``pipertctl start``, ``stop``, ``restart``, ``pause``, ``resume`` and ``kill``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipertd.ctl.documents import pipeline_document
from pipertd.ctl.exits import talking
from pipertd.ctl.output import print_document
from pipertd.ctl.screen import OVER
from pipertd.ctl.settings import Output, OutputOption, Settings, settings_of

if TYPE_CHECKING:
    from pipertd.client import records

TargetArgument = Annotated[str, typer.Argument(help="PIPELINE or PIPELINE/FLOW; a routine stands for its flow.")]


def start(context: typer.Context, target: TargetArgument, output: OutputOption = None) -> None:
    """Have a pipeline or one of its flows up."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        _show(client.pipelines.start(target), target, settings)


def stop(
    context: typer.Context,
    target: TargetArgument,
    now: Annotated[bool, typer.Option("--now", help="Do not drain the links; what is left is counted.")] = False,
    output: OutputOption = None,
) -> None:
    """Have a pipeline or one of its flows down; returns when it is."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        _show(client.pipelines.stop(target, now=now), target, settings)


def restart(context: typer.Context, target: TargetArgument, output: OutputOption = None) -> None:
    """Stop, then start. One flow goes on within its run, a pipeline begins a new one."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        _show(client.pipelines.restart(target), target, settings)


def pause(context: typer.Context, target: TargetArgument, output: OutputOption = None) -> None:
    """Have a pipeline or one of its flows take nothing. It lasts, also through restarts, until it is resumed."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        _show(client.pipelines.pause(target), target, settings)


def resume(context: typer.Context, target: TargetArgument, output: OutputOption = None) -> None:
    """Have what is paused go on."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        _show(client.pipelines.resume(target), target, settings)


def kill(context: typer.Context, target: TargetArgument, output: OutputOption = None) -> None:
    """Kill a flow, or every flow of a pipeline, by SIGKILL. Returns when dead; the restart rules say what follows."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
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

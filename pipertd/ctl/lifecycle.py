"""``pipertctl start``, ``stop`` and ``restart``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipertd.ctl.documents import pipeline_document
from pipertd.ctl.exits import talking
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, OutputOption, Settings, settings_of

if TYPE_CHECKING:
    from pipertd.client import records

TargetArgument = Annotated[str, typer.Argument(help="PIPELINE or PIPELINE/FLOW.")]


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
    """Stop, then start: one flow within its run, a pipeline in a new run."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        _show(client.pipelines.restart(target), target, settings)


def _show(pipeline: records.Pipeline, target: str, settings: Settings) -> None:
    if settings.output is not Output.TABLE:
        print_document(pipeline_document(pipeline), settings.output)
        return
    _, _, name = target.partition("/")
    states = [flow.state for flow in pipeline.flows if flow.name == name] or [pipeline.state]
    print(f"{target}: {states[0]}")

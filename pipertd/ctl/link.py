"""``pipertctl link`` and ``unlink``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipertd.ctl.documents import plan_document
from pipertd.ctl.exits import talking
from pipertd.ctl.output import print_document, print_table
from pipertd.ctl.reload import COLUMNS, plan_rows
from pipertd.ctl.settings import Output, OutputOption, Settings, settings_of
from pipertd.names import Policy

if TYPE_CHECKING:
    from pipertd.client import records

PipelineArgument = Annotated[str, typer.Argument(metavar="PIPELINE", help="The pipeline.")]
EndArgument = Annotated[str, typer.Argument(help="ROUTINE, or FLOW/ROUTINE where that is not unique.")]


def link(
    context: typer.Context,
    pipeline: PipelineArgument,
    source: EndArgument,
    destination: EndArgument,
    policy: Annotated[Policy, typer.Option(help="What it does when it is full.")] = Policy.WAIT,
    depth: Annotated[
        int | None, typer.Option(min=1, help="How many messages may wait on it.  [default: as in definitions]")
    ] = None,
    output: OutputOption = None,
) -> None:
    """Draw a link while the pipeline runs. It lasts until the definition is loaded again."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        _show(client.pipelines.link(pipeline, source, destination, policy=policy, depth=depth), settings)


def unlink(
    context: typer.Context,
    pipeline: PipelineArgument,
    source: EndArgument,
    destination: EndArgument,
    output: OutputOption = None,
) -> None:
    """Take a link away while the pipeline runs. It lasts until the definition is loaded again."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        _show(client.pipelines.unlink(pipeline, source, destination), settings)


def _show(plan: records.Plan, settings: Settings) -> None:
    if settings.output is Output.TABLE:
        print_table(COLUMNS, list(plan_rows([plan])))
    else:
        print_document(plan_document(plan), settings.output)

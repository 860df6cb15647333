"""``pipertctl link`` and ``unlink``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipertd.ctl.arguments import one_pipeline
from pipertd.ctl.complete import destinations, routines, sources
from pipertd.ctl.documents.likeness import document_of
from pipertd.ctl.documents.plans import Plan
from pipertd.ctl.exits import talking
from pipertd.ctl.output import print_document
from pipertd.ctl.reload import COLUMNS, plan_rows
from pipertd.ctl.settings import Output, Settings, command
from pipertd.ctl.table import print_table
from pipertd.names import Policy

if TYPE_CHECKING:
    from pipertd.client import records

_END = "ROUTINE, or FLOW/ROUTINE where that is not unique."


@command("link")
@one_pipeline
@click.argument("source", shell_complete=routines, help=_END)
@click.argument("destination", shell_complete=routines, help=_END)
@click.option(
    "--policy",
    type=click.Choice([each.value for each in Policy]),
    default=Policy.WAIT.value,
    help="What it does when it is full.",
)
@click.option(
    "--depth",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many messages may wait on it; as in definitions if not said.",
)
def link(settings: Settings, pipeline: str, source: str, destination: str, policy: str, depth: int | None) -> None:
    """Draw a link while the pipeline runs. It lasts until the definition is loaded again."""
    with talking(settings) as client:
        _show(client.pipelines.link(pipeline, source, destination, policy=policy, depth=depth), settings)


@command("unlink")
@one_pipeline
@click.argument("source", shell_complete=sources, help=_END)
@click.argument("destination", shell_complete=destinations, help=_END)
def unlink(settings: Settings, pipeline: str, source: str, destination: str) -> None:
    """Take a link away while the pipeline runs. It lasts until the definition is loaded again."""
    with talking(settings) as client:
        _show(client.pipelines.unlink(pipeline, source, destination), settings)


def _show(plan: records.Plan, settings: Settings) -> None:
    if settings.output is Output.TABLE:
        print_table(COLUMNS, list(plan_rows([plan])))
    else:
        print_document(document_of(plan, Plan), settings.output)

"""``pipertctl handlers``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipertd.ctl.complete import targets
from pipertd.ctl.documents.facts import Handlers
from pipertd.ctl.documents.likeness import document_of
from pipertd.ctl.exits import talking
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, Settings, command
from pipertd.ctl.table import Column, print_table
from pipertd.harmless import set_off

if TYPE_CHECKING:
    from pipertd.client import records


@command("handlers")
@click.argument("target", shell_complete=targets, help="PIPELINE[/FLOW[/ROUTINE]].")
def handlers(settings: Settings, target: str) -> None:
    """List the events that routines handle.

    Their parameters stand as the author wrote them, in brackets those that may be left out. Only flows that run can be
    asked.
    """
    with talking(settings) as client:
        found = client.events.handlers(target)
    if settings.output is not Output.TABLE:
        print_document(document_of(found, Handlers), settings.output)
        return
    if found.handlers:
        columns = ("ROUTINE", "EVENT", "PARAMETERS", Column("MEANING", rank=1, optional=True))
        print_table(columns, [_row(each) for each in found.handlers])
    elif not found.silent:
        print(f"no routine of {target} handles an event of its own")
    for flow, why in found.silent.items():
        print(set_off(f"flow {flow} tells nothing: {why}"))


def _row(handler: records.Handler) -> tuple[str, ...]:
    parameters = [_parameter(each) for each in handler.parameters] + ["…"] * handler.takes_more
    return f"{handler.flow}/{handler.routine}", handler.event, ", ".join(parameters), handler.description


def _parameter(parameter: records.Parameter) -> str:
    text = f"{parameter.name}: {parameter.type}" if parameter.type else parameter.name
    return f"[{text}]" if parameter.optional else text

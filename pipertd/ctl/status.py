"""``pipertctl status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipertd.ctl.documents import status_document
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.output import print_document
from pipertd.ctl.screen import status_lines
from pipertd.ctl.settings import Output, OutputOption, settings_of

if TYPE_CHECKING:
    from pipertd.client import records


def status(
    context: typer.Context,
    target: Annotated[str | None, typer.Argument(help="PIPELINE[/FLOW[/ROUTINE]]; everything if left out.")] = None,
    output: OutputOption = None,
) -> None:
    """Show pipelines, flows, routines and the count of every link."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        found = client.status.get(target)
    found = _narrowed(found, target)
    if settings.output is Output.TABLE:
        print("\n".join(status_lines(found)))
    else:
        print_document(status_document(found), settings.output)


def _narrowed(status: records.Status, target: str | None) -> records.Status:
    """Only the flow or routine that was asked for, and the links at it."""
    from dataclasses import replace

    from pipertd.names import Target

    aim = Target.parse(target) if target else None
    if aim is None or aim.flow is None:
        return status
    pipeline = status.pipelines[0]
    flows = tuple(flow for flow in pipeline.flows if aim.covers(pipeline.name, flow.name, aim.routine))
    routines = tuple(each for each in pipeline.routines if aim.covers(pipeline.name, each.flow, each.name))
    if not flows or not routines:
        raise fail(f"cannot find {target}: no such name", Exit.NOT_FOUND)
    ends = {f"{each.flow}/{each.name}" for each in routines}
    links = tuple(link for link in pipeline.links if ends & {link.source, link.destination})
    return replace(status, pipelines=(replace(pipeline, flows=flows, routines=routines, links=links),))

"""``pipertctl status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipertd.ctl.arguments import any_target
from pipertd.ctl.exits import talking
from pipertd.ctl.output import print_document, print_line
from pipertd.ctl.screen import status_lines
from pipertd.ctl.settings import Output, Settings, command
from pipertd.ctl.terminal import style_of

if TYPE_CHECKING:
    from pipertd.client import records


@command("status")
@any_target
@click.option(
    "--watch",
    is_flag=True,
    help="Show it again when something changed, on a screen every two seconds too, until interrupted.",
)
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
def status(settings: Settings, target: str | None, watch: bool, wide: bool) -> None:
    """Show pipelines, flows, routines and the count of every link."""
    if watch:
        _watch(settings, target, wide=wide)
        return
    with talking(settings) as client:
        found = narrowed(client.status.get(target), target)
    if settings.output is Output.TABLE:
        print("\n".join(status_lines(found, style_of(wide=wide))))
    else:
        from pipertd.ctl.documents.status import status_document

        print_document(status_document(found), settings.output)


def _watch(settings: Settings, target: str | None, *, wide: bool) -> None:
    from pipertd.ctl.documents.status import status_document
    from pipertd.ctl.follow import Looks
    from pipertd.ctl.live import Live

    with talking(settings) as client, Live(wide=wide, full=settings.output is Output.TABLE) as live:
        looks = Looks(client, target, live, every_s=None)
        for each in looks:
            found = narrowed(each, target)
            if settings.output is Output.TABLE:
                live.show([*looks.head(), *status_lines(found, live.style())])
            elif not looks.away:
                print_line(status_document(found), settings.output)


def narrowed(status: records.Status, target: str | None) -> records.Status:
    """Only the flow or routine that was asked for, and the links at it."""
    from msgspec.structs import replace

    from pipertd.client import NotFound
    from pipertd.names import Target

    aim = Target.parse(target) if target else None
    if aim is None or aim.flow is None:
        return status
    pipeline = status.pipelines[0]
    flows = tuple(flow for flow in pipeline.flows if aim.covers(pipeline.name, flow.name, aim.routine))
    routines = tuple(each for each in pipeline.routines if aim.covers(pipeline.name, each.flow, each.name))
    if not flows or not routines:
        raise NotFound(f"cannot find {target}: no such name", "NOT_FOUND")
    ends = {f"{each.flow}/{each.name}" for each in routines}
    links = tuple(link for link in pipeline.links if ends & {link.source, link.destination})
    return replace(status, pipelines=(replace(pipeline, flows=flows, routines=routines, links=links),))

"""``pipertctl status``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipertd.ctl.documents import status_document
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.output import duration, print_document, print_table
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
        _print(found)
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


def _print(status: records.Status) -> None:
    if not status.pipelines:
        print("no pipelines are loaded")
    for place, pipeline in enumerate(status.pipelines):
        if place:
            print()
        over = all(flow.state in ("STOPPED", "EXITED", "FAILED") for flow in pipeline.flows)
        title = f"{pipeline.name}: {pipeline.state} {'after' if over else 'for'} {duration(pipeline.seconds)}"
        print(f"{title} - {pipeline.description}" if pipeline.description else title)
        print()
        print_table(
            ("FLOW", "STATE", "PID", "GENERATION", "RESTARTS", "FOR", "LAST END"),
            [
                (
                    flow.name,
                    flow.state,
                    str(flow.pid or "-"),
                    str(flow.generation),
                    str(flow.restarts),
                    duration(flow.seconds),
                    flow.reason or "-",
                )
                for flow in pipeline.flows
            ],
        )
        print()
        print_table(
            ("ROUTINE", "KIND", "STATE", "HANDLED", "FAILED", "PER SECOND", "P50", "P99"),
            [
                (
                    f"{each.flow}/{each.name}",
                    each.kind or "-",
                    each.state,
                    str(each.handled),
                    str(each.failed),
                    f"{each.rate:.1f}",
                    duration(each.p50_s),
                    duration(each.p99_s),
                )
                for each in pipeline.routines
            ],
        )
        print()
        print_table(
            ("LINK", "PRODUCED", "DELIVERED", "FAILED", "DROPPED", "QUARANTINED", "IN FLIGHT", "LEASED", "BLOCKED BY"),
            [_link_row(link) for link in pipeline.links],
        )
        end_to_end = duration(pipeline.end_to_end_p50_s), duration(pipeline.end_to_end_p99_s)
        print(f"\nend to end: p50 {end_to_end[0]}, p99 {end_to_end[1]}")


def _link_row(link: records.Link) -> tuple[str, ...]:
    dropped = " ".join(f"{count} {reason}" for reason, count in sorted(link.dropped.items()))
    return (
        f"{link.source} -> {link.destination}",
        str(link.produced),
        str(link.delivered),
        str(link.failed),
        dropped or "0",
        str(link.quarantined),
        str(link.in_flight),
        str(link.leased),
        link.blocked_by or "-",
    )

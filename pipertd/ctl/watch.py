"""``pipertctl watch``."""

from __future__ import annotations

from typing import Annotated

import typer

from pipertd.ctl.documents import notice_document
from pipertd.ctl.exits import talking
from pipertd.ctl.output import clock, print_line
from pipertd.ctl.settings import Output, OutputOption, settings_of


def watch(
    context: typer.Context,
    target: Annotated[str | None, typer.Argument(help="PIPELINE[/FLOW[/ROUTINE]]; everything if left out.")] = None,
    start: Annotated[
        int | None,
        typer.Option("--from", min=1, help="Begin with this revision; 1 is the oldest; only what is new if left out."),
    ] = None,
    output: OutputOption = None,
) -> None:
    """Show notices as they happen, until interrupted."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        for notice in client.status.watch(target, after_revision=-1 if start is None else start - 1):
            if settings.output is Output.TABLE:
                print(f"{notice.revision:>6} {clock(notice.time_s)} {notice.kind}: {notice.message}", flush=True)
            else:
                print_line(notice_document(notice), settings.output)

"""``pipertctl watch``."""

from __future__ import annotations

import click

from pipertd.ctl.apart import read_apart
from pipertd.ctl.arguments import any_target
from pipertd.ctl.documents.facts import Notice
from pipertd.ctl.documents.likeness import document_of
from pipertd.ctl.exits import talking
from pipertd.ctl.outage import Outage
from pipertd.ctl.output import clock, print_line
from pipertd.ctl.settings import Output, Settings, command
from pipertd.harmless import set_off


@command("watch")
@any_target
@click.option(
    *("--from", "start"),
    type=click.IntRange(min=1),
    metavar="REVISION",
    help="Begin with this revision; 1 is the oldest; only what is new if not said.",
)
def watch(settings: Settings, target: str | None, start: int | None) -> None:
    """Show notices as they happen, until interrupted. A daemon that goes away is waited for."""
    outage, behind = Outage(), -1 if start is None else start - 1
    with talking(settings) as client:
        for notice in read_apart(client.status.watch(target, after_revision=behind, on_lost=outage.begins)):
            outage.is_over()
            if settings.output is Output.TABLE:
                told = set_off(f"{notice.kind}: {notice.message}")
                print(f"{notice.revision:>6} {clock(notice.time_s)} {told}", flush=True)
            else:
                print_line(document_of(notice, Notice), settings.output)

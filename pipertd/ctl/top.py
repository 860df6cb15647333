"""``pipertctl top``: what each flow does and uses, look by look."""

from __future__ import annotations

import click

from pipertd.ctl.complete import pipelines
from pipertd.ctl.documents.status import status_document
from pipertd.ctl.exits import talking
from pipertd.ctl.output import print_line
from pipertd.ctl.screen import left_out_lines, status_lines
from pipertd.ctl.settings import Output, Settings, command
from pipertd.ctl.usage import ORDERS, Shares, flow_table


@command("top")
@click.argument(
    "target",
    shell_complete=pipelines,
    required=False,
    help="PIPELINE, with its routines and links; every flow if left out.",
)
@click.option(
    *("--every", "every_s"),
    type=click.FloatRange(min=0.1, max=86400),
    metavar="S",
    default=1.0,
    help="Seconds from one look to the next.",
)
@click.option("--count", "-n", type=click.IntRange(min=1), metavar="N", help="Stop after so many looks.")
@click.option("--sort", type=click.Choice(list(ORDERS)), default="name", help="The flows with most of it first.")
@click.option("--wide", is_flag=True, help="All columns, however narrow the terminal is.")
def top(settings: Settings, target: str | None, every_s: float, count: int | None, sort: str, wide: bool) -> None:
    """Show what flows do and use, again and again. A screen on a terminal, else one text behind the other."""
    from pipertd.ctl.follow import Looks
    from pipertd.ctl.live import Live

    shares = Shares()
    with talking(settings) as client, Live(wide=wide, full=settings.output is Output.TABLE) as live:
        looks = Looks(client, target, live, every_s)
        for seen, found in enumerate(looks, 1):
            if settings.output is Output.TABLE:
                table = flow_table(found, shares.between_looks(found), sort, live.style())
                details = ["", *status_lines(found, live.style())] if target else []
                live.show([*looks.head(), *table.lines(), *left_out_lines([table], live.style()), *details])
            elif not looks.away:
                print_line(status_document(found), settings.output)
            if seen == count:
                return

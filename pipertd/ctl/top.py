"""``pipertctl top``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from pipertd.ctl.documents import status_document
from pipertd.ctl.exits import talking
from pipertd.ctl.output import print_line
from pipertd.ctl.screen import status_lines
from pipertd.ctl.settings import Output, OutputOption, settings_of


def top(
    context: typer.Context,
    target: Annotated[str | None, typer.Argument(help="PIPELINE; everything if left out.")] = None,
    every_s: Annotated[float, typer.Option("--every", min=0.1, help="Seconds from one look to the next.")] = 1.0,
    count: Annotated[int | None, typer.Option("--count", "-n", min=1, help="Stop after so many looks.")] = None,
    output: OutputOption = None,
) -> None:
    """Show the status again and again. A screen on a terminal, else one text behind the other, until interrupted."""
    settings, looks = settings_of(context, output), 0
    with talking(settings.address) as client, _screen() as show:
        while True:
            found = client.status.get(target)
            if settings.output is Output.TABLE:
                show("\n".join(status_lines(found)))
            else:
                print_line(status_document(found), settings.output)
            looks += 1
            if looks == count:
                return
            time.sleep(every_s)


@contextmanager
def _screen() -> Iterator[Callable[[str], None]]:
    """What shows a text: in place of the one before on a terminal, behind it elsewhere."""
    if not sys.stdout.isatty():
        yield lambda text: print(text, end="\n\n", flush=True)
        return
    from rich.live import Live
    from rich.text import Text

    with Live(auto_refresh=False, vertical_overflow="crop") as live:
        yield lambda text: live.update(Text(text, no_wrap=True, overflow="crop"), refresh=True)

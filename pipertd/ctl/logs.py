"""``pipertctl logs``."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Annotated

import typer

from pipertd.ctl.documents import record_document
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.output import clock, print_line
from pipertd.ctl.settings import Output, OutputOption, settings_of

if TYPE_CHECKING:
    from pipertd.client import records

_AGO = re.compile(r"(\d+(?:\.\d+)?)(s|min|h|d)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


def logs(
    context: typer.Context,
    target: Annotated[str | None, typer.Argument(help="PIPELINE[/FLOW[/ROUTINE]]; everything if left out.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as new records come.")] = False,
    number: Annotated[int, typer.Option("-n", min=0, help="How many of the newest to begin with.")] = 100,
    since: Annotated[str | None, typer.Option(help="How far back: 30s, 5min, 2h, 1d.")] = None,
    level: Annotated[str, typer.Option(help="The lowest level shown: debug, info, warning, error.")] = "debug",
    cursor: Annotated[str, typer.Option(help="Go on behind this record (from -o json).")] = "",
    output: OutputOption = None,
) -> None:
    """Show what flows and the daemon logged, and what code printed."""
    settings = settings_of(context, output)
    if level.lower() not in _LEVELS:
        raise fail(f"cannot show level {level!r}: it is one of {', '.join(_LEVELS)}", Exit.USAGE)
    with talking(settings.address) as client:
        for record in client.logs.read(
            target,
            level=0 if level.lower() == "debug" else _LEVELS[level.lower()],
            since_s=_since(since),
            limit=number,
            follow=follow,
            cursor=cursor,
        ):
            if settings.output is Output.TABLE:
                print(_line(record), flush=True)
            else:
                print_line(record_document(record), settings.output)


def _since(text: str | None) -> float | None:
    if text is None:
        return None
    match = _AGO.fullmatch(text)
    if match is None:
        raise fail(f"cannot read --since {text!r}: it is written like 30s, 5min, 2h or 1d", Exit.USAGE)
    return time.time() - float(match[1]) * _SECONDS[match[2]]


def _line(record: records.Record) -> str:
    who = "/".join(part for part in (record.pipeline, record.flow, record.routine) if part) or "pipertd"
    level = logging.getLevelName(record.level) if record.source == "log" else "-"
    text = f"{clock(record.time_s)} {level:<8} {who}: {record.message}"
    return f"{text}\n{record.exception.rstrip()}" if record.exception else text

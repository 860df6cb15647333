"""``pipertctl logs``."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING

import click

from pipertd.ctl.apart import read_apart
from pipertd.ctl.arguments import any_target
from pipertd.ctl.complete import words
from pipertd.ctl.documents.facts import Record
from pipertd.ctl.documents.likeness import document_of
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.outage import Outage
from pipertd.ctl.output import clock, print_line
from pipertd.ctl.settings import Output, Settings, command
from pipertd.harmless import set_off

if TYPE_CHECKING:
    from pipertd.client import records

_AGO = re.compile(r"(\d+(?:\.\d+)?)(s|min|h|d)")
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}


@command("logs")
@any_target
@click.option("--follow", "-f", is_flag=True, help="Go on as new records come.")
@click.option(
    "-n", "number", type=click.IntRange(min=0), metavar="N", default=100, help="How many of the newest to begin with."
)
@click.option("--since", metavar="AGO", help="How far back: 30s, 5min, 2h, 1d.")
@click.option(
    "--level",
    metavar="LEVEL",
    default="debug",
    shell_complete=words(_LEVELS),
    help="The lowest level shown: debug, info, warning, error.",
)
@click.option("--cursor", default="", help="Go on behind this record (from -o json).")
def logs(
    settings: Settings, target: str | None, follow: bool, number: int, since: str | None, level: str, cursor: str
) -> None:
    """Show what flows and the daemon logged, and what code printed."""
    if level.lower() not in _LEVELS:
        raise fail(f"cannot show level {level!r}: it is one of {', '.join(_LEVELS)}", Exit.USAGE)
    outage = Outage()
    with talking(settings) as client:
        found = client.logs.read(
            target,
            level=0 if level.lower() == "debug" else _LEVELS[level.lower()],
            since_s=_since(since),
            limit=number,
            follow=follow,
            cursor=cursor,
            on_lost=outage.begins,
        )
        for record in read_apart(found):
            outage.is_over()
            if settings.output is Output.TABLE:
                print(_line(record), flush=True)
            else:
                print_line(document_of(record, Record), settings.output)


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
    return set_off(f"{text}\n{record.exception.rstrip()}" if record.exception else text)

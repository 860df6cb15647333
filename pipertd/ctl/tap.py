"""``pipertctl tap``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipertd.ctl.apart import read_apart
from pipertd.ctl.complete import tapped
from pipertd.ctl.documents.facts import passed_document
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.outage import Outage
from pipertd.ctl.output import clock, print_line, size
from pipertd.ctl.settings import Output, Settings, command
from pipertd.harmless import harmless

if TYPE_CHECKING:
    from pipertd.client import Client, records

_SUFFIXES = {"messagepack": ".msgpack", "png": ".png", "jpeg": ".jpg"}  # by form
_PATIENCE_S = 12.0  # where messages pass that cannot be seen, one that says so comes within 10


@command("tap")
@click.argument(
    "link",
    nargs=-1,
    required=True,
    shell_complete=tapped,
    help="PIPELINE/FROM TO, or PIPELINE/ROUTINE where it has one link.",
)
@click.option(
    "-n",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many messages; all until interrupted if not said.",
)
@click.option(
    "--every", type=click.FloatRange(min=0, max=86400), default=0.0, metavar="S", help="One in so many seconds at most."
)
@click.option(
    "--save", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Save them there, as pictures."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(_SUFFIXES)),
    help="What is sent of them; png with --save, else messagepack.",
)
@click.option(
    "--width", type=click.IntRange(min=1), metavar="PIXELS", default=1280, help="Make wider pictures smaller."
)
@click.option("--bgr", is_flag=True, help="Colours are in OpenCV's order.")
def tap(
    settings: Settings,
    link: Sequence[str],
    number: int | None,
    every: float,
    save: Path | None,
    form: str | None,
    width: int,
    bgr: bool,
) -> None:
    """Look at what passes on a link. Nothing waits for it: what it does not see, it counts."""
    form = form or ("png" if save else "messagepack")
    outage = Outage()
    with talking(settings) as client:
        pipeline, source, destination = _which(client, link)
        name = f"{source}-{destination}".replace("/", ".")
        looked_at = client.taps.look(
            *(pipeline, source, destination),
            form=form,
            interval_s=every,
            picture_width=width,
            bgr=bgr,
            on_lost=outage.begins,
        )
        patience_s = _PATIENCE_S + every
        on_silence = partial(_say_that_nothing_passes, pipeline, source, destination, patience_s)
        for passed in islice(read_apart(looked_at, patience_s, on_silence), number):
            outage.is_over()
            file = _saved(passed, save, name, form) if save else None
            if settings.output is Output.TABLE:
                print(harmless("\n".join(_lines(passed, file))), flush=True)
            else:
                print_line(passed_document(passed, str(file) if file else None, _content(passed)), settings.output)


def _say_that_nothing_passes(pipeline: str, source: str, destination: str, seconds: float) -> None:
    words = f"nothing has passed from {source} to {destination} for {seconds:g} s; waiting for it"
    print(f"pipertctl: {harmless(words)} (`pipertctl status {pipeline}` shows why)", file=sys.stderr, flush=True)


def _which(client: Client, written: Sequence[str]) -> tuple[str, str, str]:
    """Pipeline, source and destination, whichever way they are written."""
    match written:
        case [pipeline, source, destination]:
            return pipeline, source, destination
        case [first, destination] if "/" in first:
            pipeline, _, source = first.partition("/")
            return pipeline, source, destination
        case [only]:
            pipeline, _, routine = only.partition("/")
            return _only_link(client, pipeline, routine)
        case _:
            raise fail("cannot tell which link: it is written PIPELINE/FROM TO", Exit.USAGE)


def _only_link(client: Client, pipeline: str, routine: str) -> tuple[str, str, str]:
    """The one link between flows that begins at a routine, or else that ends there, or that there is at all."""
    links = [
        (each.source, each.destination)
        for each in client.pipelines.get(pipeline).links
        if each.source.partition("/")[0] != each.destination.partition("/")[0]
    ]
    for end in (0, 1):
        found = [ends for ends in links if not routine or routine in (ends[end], *ends[end].split("/"))]
        if len(found) == 1:
            return (pipeline, *found[0])
        if found:
            ways = " or ".join(f"`pipertctl tap {pipeline}/{source} {destination}`" for source, destination in found)
            raise fail(f"cannot tell which of {len(found)} links is meant: say {ways}", Exit.USAGE)
    raise fail(f"cannot find a link from one flow to another at {pipeline}/{routine}", Exit.NOT_FOUND)


def _saved(passed: records.Passed, folder: Path, name: str, form: str) -> Path | None:
    """The file that a message was saved as; None where it was omitted."""
    if passed.picture is not None:
        content, suffix = passed.picture.data, _SUFFIXES[form]
    elif passed.messagepack is not None:
        content, suffix = passed.messagepack, _SUFFIXES["messagepack"]
    else:
        return None
    file = folder / f"{name}-{passed.sequence:09}{suffix}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except OSError as reason:
        raise fail(f"cannot save a message: {reason}", Exit.FAILED) from None
    return file


def _lines(passed: records.Passed, file: Path | None) -> list[str]:
    """A message for people."""
    more = [
        f"{count} {word}" for count, word in ((passed.skipped, "skipped"), (passed.overtaken, "overtaken")) if count
    ]
    heading = ", ".join([f"message {passed.sequence}", clock(passed.captured_s), size(passed.length), *more])
    if passed.omitted:
        body = [f"omitted: {passed.omitted}"]
    elif passed.picture is not None:
        where = passed.picture.path or "the message"
        body = [f"{where} as a picture of {passed.picture.width} x {passed.picture.height}"]
    else:
        body = _summary(passed.messagepack or b"")
    return [heading, *(f"  {line}" for line in body), *([f"  saved as {file}"] if file else [])]


def _summary(content: bytes) -> list[str]:
    from pipertd.ctl.summary import summary_lines

    return summary_lines(content)


def _content(passed: records.Passed) -> Any:
    """The message for programs; None where it came as a picture or not at all."""
    if passed.messagepack is None:
        return None
    from pipertd.ctl.summary import summary_document

    return summary_document(passed.messagepack)

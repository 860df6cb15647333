"""``pipertctl quarantine``: the group of commands, and those of its commands that need no payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipertd.ctl import replay, show
from pipertd.ctl.documents import put_aside_document
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.output import clock, print_document, print_table, size
from pipertd.ctl.settings import Output, OutputOption, settings_of

if TYPE_CHECKING:
    from pipertd.client import Client, records

app = typer.Typer(no_args_is_help=True)


@app.callback()
def quarantine() -> None:
    """See, replay and drop messages that kept killing their routine."""


def list_(
    context: typer.Context,
    target: Annotated[str | None, typer.Argument(help="PIPELINE[/FLOW[/ROUTINE]]; everything if left out.")] = None,
    output: OutputOption = None,
) -> None:
    """List what was put aside, the oldest first."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        found = client.quarantine.list(target)
    if settings.output is not Output.TABLE:
        print_document([put_aside_document(each) for each in found], settings.output)
    elif not found:
        print("no messages are in quarantine")
    else:
        print_table(
            ("ID", "ROUTINE", "LINK", "SEQUENCE", "DEATHS", "SIZE", "WHEN", "WHY"), [_row(each) for each in found]
        )


def _row(message: records.PutAside) -> tuple[str, ...]:
    return (
        message.id,
        f"{message.pipeline}/{message.flow}/{message.routine}",
        message.link,
        str(message.sequence),
        str(message.deaths),
        size(message.length),
        clock(message.time_s),
        " ".join(message.reason.split()),
    )


def drop(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Ids; with --all one TARGET, or nothing.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All messages, or all of one target.")] = False,
    output: OutputOption = None,
) -> None:
    """Forget messages. Where one of the ids is unknown, none is dropped."""
    settings = settings_of(context, output)
    given = names or []
    if every and len(given) > 1:
        raise fail("cannot drop: with --all there is one TARGET at most", Exit.USAGE)
    if not every and not given:
        raise fail("cannot drop: name an ID, or say --all", Exit.USAGE)
    with talking(settings.address) as client:
        chosen = _all(client, given) if every else [client.quarantine.get(name).id for name in dict.fromkeys(given)]
        dropped = [client.quarantine.drop(name) for name in chosen]
    if settings.output is not Output.TABLE:
        print_document([put_aside_document(each) for each in dropped], settings.output)
        return
    for each in dropped:
        print(f"dropped {each.id}: message {each.sequence} of {each.pipeline} on {each.link}")
    if not dropped:
        print("no messages are in quarantine")


def _all(client: Client, given: list[str]) -> list[str]:
    return [each.id for each in client.quarantine.list(given[0] if given else None)]


app.command("list")(list_)
app.command("show")(show.show)
app.command("replay")(replay.replay)
app.command("drop")(drop)

"""``pipertctl quarantine``: the group of commands, and those of its commands that need no payload."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipertd.ctl.arguments import any_target
from pipertd.ctl.complete import quarantined
from pipertd.ctl.documents.facts import PutAside
from pipertd.ctl.documents.likeness import document_of
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.lazy import Entry, LazyGroup
from pipertd.ctl.output import clock, print_document, size
from pipertd.ctl.settings import Output, Settings, command
from pipertd.ctl.table import print_table

if TYPE_CHECKING:
    from pipertd.client import Client, records

COMMANDS = {
    "list": Entry("pipertd.ctl.quarantine:list_", "List what was put aside, the oldest first."),
    "show": Entry("pipertd.ctl.show:show", "Show all that is known of a message."),
    "replay": Entry("pipertd.ctl.replay:replay", "Run one message through its routine here."),
    "drop": Entry("pipertd.ctl.quarantine:drop", "Forget messages."),
}


@click.group(cls=LazyGroup, entries=COMMANDS)
def quarantine() -> None:
    """See, replay and drop messages that kept killing their routine."""


@command("list")
@any_target
def list_(settings: Settings, target: str | None) -> None:
    """List what was put aside, the oldest first."""
    with talking(settings) as client:
        found = client.quarantine.list(target)
    if settings.output is not Output.TABLE:
        print_document(document_of(found, list[PutAside]), settings.output)
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


@command("drop")
@click.argument(
    "names", shell_complete=quarantined, nargs=-1, metavar="[ID]...", help="Ids; with --all one TARGET, or nothing."
)
@click.option("--all", "every", is_flag=True, help="All messages, or all of one target.")
def drop(settings: Settings, names: tuple[str, ...], every: bool) -> None:
    """Forget messages. Where one of the ids is unknown, none is dropped."""
    if every and len(names) > 1:
        raise fail("cannot drop: with --all there is one TARGET at most", Exit.USAGE)
    if not every and not names:
        raise fail("cannot drop: name an ID, or say --all", Exit.USAGE)
    with talking(settings) as client:
        chosen = _all(client, names) if every else [client.quarantine.get(name).id for name in dict.fromkeys(names)]
        dropped = [client.quarantine.drop(name) for name in chosen]
    if settings.output is not Output.TABLE:
        print_document(document_of(dropped, list[PutAside]), settings.output)
        return
    for each in dropped:
        print(f"dropped {each.id}: message {each.sequence} of {each.pipeline} on {each.link}")
    if not dropped:
        print("no messages are in quarantine")


def _all(client: Client, names: tuple[str, ...]) -> list[str]:
    return [each.id for each in client.quarantine.list(names[0] if names else None)]

"""``pipertctl quarantine show``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipertd.ctl.arguments import one_message
from pipertd.ctl.documents.facts import put_aside_in_full
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.output import clock, print_document, size
from pipertd.ctl.settings import Output, Settings, command
from pipertd.errors import MessageError
from pipertd.harmless import harmless, in_a_line, set_off

if TYPE_CHECKING:
    from pipertd.client import records


@command("show")
@one_message
@click.option("--to", metavar="FOLDER", help="Folder for its arrays; ./ID if not said.")
def show(settings: Settings, name: str, to: str | None) -> None:
    """Show all that is known of a message. Its arrays are saved as .npy, pictures also as .png."""
    with talking(settings) as client:
        found = client.quarantine.get(name)
        payload = b"".join(client.quarantine.read_payload(name))
    as_text = settings.output is Output.TABLE
    problem, message = "", None
    try:
        message = _unpacked(found, payload, Path(to or found.id), as_text=as_text)
    except (MessageError, OSError) as reason:
        problem = str(reason)
    if as_text:
        _print(found)
        if not problem:
            print(harmless(f"\nmessage:\n{json.dumps(message, indent=2, ensure_ascii=False)}"))
    else:
        print_document(put_aside_in_full(found, message), settings.output)
    if problem:
        raise fail(problem, Exit.FAILED)


def _unpacked(found: records.PutAside, payload: bytes, folder: Path, *, as_text: bool) -> Any:
    """The message with its arrays in ``folder``."""
    if not payload:
        raise MessageError(f"cannot show the content of {found.id}: it could not be kept")
    from pipertd.client.payload import read_payload
    from pipertd.ctl.unpack import SavedArray, Unpacked

    message = read_payload(payload, found.body_offset)
    return Unpacked(folder, SavedArray.text if as_text else SavedArray.document).plain(message)


def _print(found: records.PutAside) -> None:
    lines = {
        "id": found.id,
        "routine": f"{found.pipeline}/{found.flow}/{found.routine}",
        "link": found.link,
        "sequence": f"{found.sequence}",
        "origin": f"{found.origin}",
        "attempts": f"{found.attempts}",
        "deaths": f"{found.deaths}",
        "captured": clock(found.captured_s),
        "put aside": clock(found.time_s),
        "why": " ".join(found.reason.split()),
        "size": size(found.length),
        "class": found.class_path,
        "params": json.dumps(found.params, ensure_ascii=False),
        "path": ":".join(found.path) or "-",
        "python": found.python,
    }
    for key, value in lines.items():
        print(f"{key:<10} {in_a_line(value)}")
    print()
    print(set_off(f"stacks:\n{found.stacks.rstrip() or '-'}"))

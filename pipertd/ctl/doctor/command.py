"""``pipertctl doctor``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipertd.ctl.documents import machine
from pipertd.ctl.exits import Exit
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, Settings, command

if TYPE_CHECKING:
    from pipertd.ctl.doctor.examination import Examination


@command("doctor")
@click.argument("files", nargs=-1, metavar="[FILE]...", help="Definitions to look at too.")
def doctor(settings: Settings, files: tuple[str, ...]) -> None:
    """Say what is wrong with this machine, and what mends it.

    No daemon and no root are needed. FILE is a definition to look at beside those of the daemon. Exits with 0 where
    nothing is wrong, else with 1; a note is nothing wrong.
    """
    from pipertd.ctl.doctor.examination import examine

    found = examine(settings, [Path(each) for each in files])
    if settings.output is Output.TABLE:
        print("\n".join(_lines(found)))
    else:
        print_document(_document(found), settings.output)
    if not found.healthy:
        raise SystemExit(int(Exit.FAILED))


def _lines(found: Examination) -> Iterator[str]:
    for each in found.findings:
        yield f"{each.severity.upper():<5}  {each.subject}: {each.what}"
        yield f"       {each.why}"
        yield f"       $ {each.command}"
        yield ""
    for reason in found.left_out:
        yield f"not looked at: {reason}"
    yield "nothing is wrong with this machine" if found.healthy else _counted(found)


def _counted(found: Examination) -> str:
    severities = [each.severity.value for each in found.findings]
    words = [(word, severities.count(word)) for word in ("fault", "risk")]
    said = [f"{count} {word}{'s' if count > 1 else ''}" for word, count in words if count]
    return " and ".join(said)


def _document(found: Examination) -> machine.Examination:
    findings = [
        machine.Finding(each.severity.value, each.subject, each.what, each.why, each.command) for each in found.findings
    ]
    return machine.Examination(found.healthy, findings, list(found.left_out))

"""``pipertctl event``."""

from __future__ import annotations

import json
from typing import Any

import click

from pipertd.ctl.complete import events, parameters, targets
from pipertd.ctl.documents.facts import Answer
from pipertd.ctl.documents.likeness import document_of
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, Settings, command
from pipertd.harmless import set_off


@command("event")
@click.argument("name", shell_complete=events, help="The event's name.")
@click.argument("target", shell_complete=targets, help="PIPELINE[/FLOW[/ROUTINE]].")
@click.argument(
    "params", nargs=-1, shell_complete=parameters, metavar="[KEY=VALUE]...", help="A value is JSON, or else text."
)
@click.option("--timeout", metavar="S", default=5.0, help="Seconds to wait for answers.")
def event(settings: Settings, name: str, target: str, params: tuple[str, ...], timeout: float) -> None:
    """Hand an event to routines, and print their answers.

    `pipertctl handlers TARGET` lists the events that there are, with their parameters.
    """
    given = dict(_parameter(text) for text in params)
    with talking(settings) as client:
        answers = client.events.notify(name, target, given, timeout_s=timeout)
    if settings.output is Output.TABLE:
        for answer in answers:
            outcome = f"error: {answer.error}" if answer.error is not None else json.dumps(answer.value, sort_keys=True)
            print(set_off(f"{answer.flow}/{answer.routine}: {outcome}"))
    else:
        print_document(document_of(answers, list[Answer]), settings.output)
    if any(answer.deadline_exceeded for answer in answers):
        raise fail(f"not every routine answered {name} within {timeout:g} s", Exit.DEADLINE)
    if any(answer.error is not None for answer in answers):
        raise SystemExit(int(Exit.FAILED))


def _parameter(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise fail(f"cannot read parameter {text!r}: it is written KEY=VALUE", Exit.USAGE)
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value

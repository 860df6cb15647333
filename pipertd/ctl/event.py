"""``pipertctl event``."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from pipertd.ctl.documents import answer_document
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, OutputOption, settings_of


def event(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The event's name.")],
    target: Annotated[str, typer.Argument(help="PIPELINE[/FLOW[/ROUTINE]].")],
    params: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="A value is JSON, or else text.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for answers.")] = 5.0,
    output: OutputOption = None,
) -> None:
    """Hand an event to routines, and print their answers."""
    settings = settings_of(context, output)
    given = dict(_parameter(text) for text in params or [])
    with talking(settings.address) as client:
        answers = client.events.notify(name, target, given, timeout_s=timeout)
    if settings.output is Output.TABLE:
        for answer in answers:
            outcome = f"error: {answer.error}" if answer.error is not None else json.dumps(answer.value)
            print(f"{answer.flow}/{answer.routine}: {outcome}")
    else:
        print_document([answer_document(answer) for answer in answers], settings.output)
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

"""``pipertctl reload``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from pipertd.ctl.documents import reload_document
from pipertd.ctl.exits import Exit, talking
from pipertd.ctl.output import print_document, print_table
from pipertd.ctl.settings import Output, OutputOption, settings_of

if TYPE_CHECKING:
    from pipertd.client import records

COLUMNS = ("PIPELINE", "FLOW", "IS", "BECAUSE OF")
_PLANNED = ("PIPELINE", "FLOW", "WOULD BE", "BECAUSE OF")


def reload(
    context: typer.Context,
    plan: Annotated[bool, typer.Option("--plan", "--dry-run", help="Only show what would be done.")] = False,
    output: OutputOption = None,
) -> None:
    """Read all definitions again, and touch only what changed. Where one has a problem, nothing is changed."""
    settings = settings_of(context, output)
    with talking(settings.address) as client:
        found = client.definitions.reload(dry_run=plan)
    if settings.output is not Output.TABLE:
        print_document(reload_document(found), settings.output)
    elif not found.problems:
        print_table(_PLANNED if plan else COLUMNS, list(plan_rows(found.plans)))
    if found.problems:
        for problem in found.problems if settings.output is Output.TABLE else ():
            print(problem, file=sys.stderr)
        print("pipertctl: cannot reload: a definition has problems; nothing is changed", file=sys.stderr)
        raise SystemExit(int(Exit.INVALID_DEFINITION))


def plan_rows(plans: Iterable[records.Plan]) -> Iterator[tuple[str, str, str, str]]:
    """A line for each pipeline, and below it one for each of its flows where something happens to it."""
    for plan in plans:
        in_part = plan.action == "restarted" and any(flow.action != "restarted" for flow in plan.flows)
        how = " in a new run" if plan.new_run else " in part" if in_part else ""
        action = f"{plan.action}{how}"
        yield plan.pipeline, "", action, ", ".join(plan.new_run or plan.keys) or "-"
        for flow in plan.flows:
            if plan.action != "unchanged":
                yield "", flow.flow, flow.action, ", ".join(flow.keys) or "-"

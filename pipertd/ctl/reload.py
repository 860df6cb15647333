"""``pipertctl reload``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from pipertd.ctl.documents.likeness import document_of
from pipertd.ctl.documents.plans import Reload
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, Settings, command
from pipertd.ctl.table import print_table
from pipertd.harmless import in_a_line

if TYPE_CHECKING:
    from pipertd.client import records

COLUMNS = ("PIPELINE", "FLOW", "IS", "BECAUSE OF")
_PLANNED = ("PIPELINE", "FLOW", "WOULD BE", "BECAUSE OF")


@command("reload")
@click.option("--plan", "--dry-run", is_flag=True, help="Only show what would be done.")
def reload(settings: Settings, plan: bool) -> None:
    """Read all definitions again, and touch only what changed. Where one has a problem, nothing is changed."""
    with talking(settings) as client:
        found = client.pipelines.plan() if plan else client.pipelines.reload()
    if settings.output is not Output.TABLE:
        print_document(document_of(found, Reload), settings.output)
    elif not found.problems:
        if found.plans:
            print_table(_PLANNED if plan else COLUMNS, list(plan_rows(found.plans)))
        else:
            print("there are no definitions")
    if found.problems:
        raise not_reloaded(found.problems if settings.output is Output.TABLE else ())


def not_reloaded(problems: Sequence[records.Problem], advice: str = "") -> SystemExit:
    """Say the problems that stand in no document, that nothing was done, and what to do; raise what this returns."""
    for problem in problems:
        print(in_a_line(str(problem)), file=sys.stderr)
    return fail("cannot reload: a definition has problems; nothing is changed", Exit.INVALID_DEFINITION, advice=advice)


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

"""``pipertctl graph``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipertd.ctl.complete import targets_or_files
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.settings import Settings, command
from pipertd.harmless import in_a_line

if TYPE_CHECKING:
    from pipertd.ctl.graph.graph import Graph


@command("graph")
@click.argument(
    "target",
    shell_complete=targets_or_files,
    help="PIPELINE[/FLOW[/ROUTINE]] that is loaded, or a definition FILE.yaml.",
)
@click.option(
    *("--format", "form"),
    type=click.Choice(["text", "mermaid", "dot"]),
    default="text",
    help="A drawing in characters, or text for Mermaid or Graphviz.",
)
def graph(settings: Settings, target: str, form: str) -> None:
    """Draw a pipeline: its routines, and what passes between them.

    Of a pipeline that is loaded it shows states, rates, what waits and what is blocked. Of a file it shows what the
    definition says, and needs no daemon.
    """
    from pipertd.ctl.graph import dot, mermaid, text

    found = _of_file(Path(target)) if target.endswith((".yaml", ".yml")) else _of_target(settings, target)
    if form == "mermaid":
        sys.stdout.write(mermaid.drawing(found))
    elif form == "dot":
        sys.stdout.write(dot.drawing(found))
    else:
        width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 80
        sys.stdout.write(text.drawing(found, width, ascii_only=not _can_draw()))


def _of_file(file: Path) -> Graph:
    """The drawing of a definition as far as it can be made out; its problems are said beside it, or instead."""
    from pipertd.ctl.graph.graph import of_definition
    from pipertd.definition.read import read_all

    readings, problems = read_all([file])
    for problem in problems:
        print(in_a_line(str(problem)), file=sys.stderr)
    if problems and not readings:
        raise SystemExit(int(Exit.INVALID_DEFINITION))
    if not readings:
        raise fail(f"cannot draw {file}: it holds no definition that can be made out", Exit.INVALID_DEFINITION)
    return of_definition(readings[0].pipeline)


def _of_target(settings: Settings, target: str) -> Graph:
    from pipertd.ctl.graph.graph import of_running
    from pipertd.names import Target

    with talking(settings) as client:
        aim = Target.parse(target)
        status = client.status.get(aim)
    found = of_running(status.pipelines[0]).at(aim.flow, aim.routine)
    if not found.nodes:
        raise fail(f"cannot find {target}: no such name", Exit.NOT_FOUND)
    return found


def _can_draw() -> bool:
    """Whether the output takes more than ASCII."""
    try:
        "●│├─╮┬╯┴┼…↺→".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True

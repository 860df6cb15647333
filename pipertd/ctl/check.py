"""``pipertctl check``: no daemon needed."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipertd.ctl.documents.plans import Check, Problem, Valid
from pipertd.ctl.exits import Exit
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, Settings, command
from pipertd.harmless import in_a_line


@command("check")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(), metavar="FILE...", help="Definition files, or folders of them."
)
@click.option("--classes/--no-classes", default=True, help="Import the classes, each in a child process.")
@click.option("--timeout", metavar="S", default=30.0, help="Seconds that importing one class may take.")
def check(settings: Settings, files: tuple[str, ...], classes: bool, timeout: float) -> None:
    """Check definitions and say every problem of every file."""
    from pipertd.definition.check import check_files

    chosen = [each for file in map(Path, files) for each in (sorted(file.glob("*.yaml")) if file.is_dir() else [file])]
    checked = check_files(chosen, classes=classes, timeout_s=timeout)
    if settings.output is Output.TABLE:
        for problem in checked.problems:
            print(in_a_line(str(problem)), file=sys.stderr)
        for pipeline in checked.pipelines:
            print(in_a_line(f"{pipeline.file}: {pipeline.name} is valid"))
        for file in checked.empty:
            print(in_a_line(f"{file}: holds nothing, which masks a file of that name in an earlier folder"))
    else:
        document = Check(
            [Valid(each.name, str(each.file)) for each in checked.pipelines],
            [Problem(str(each.file), each.line, each.column, each.path, each.text) for each in checked.problems],
        )
        print_document(document, settings.output)
    if checked.problems:
        raise SystemExit(int(Exit.INVALID_DEFINITION))

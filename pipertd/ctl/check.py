"""``pipertctl check``: no daemon needed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipertd.ctl.exits import Exit
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, OutputOption, settings_of

if TYPE_CHECKING:
    from pipertd.definition.problem import Problem


def check(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Definition files, or folders of them.")],
    classes: Annotated[
        bool, typer.Option("--classes/--no-classes", help="Import the classes, each in a child process.")
    ] = True,
    timeout: Annotated[float, typer.Option(help="Seconds that importing one class may take.")] = 30.0,
    output: OutputOption = None,
) -> None:
    """Check definitions and say every problem of every file."""
    from pipertd.definition.check import check_files

    settings = settings_of(context, output)
    chosen = [each for file in files for each in (sorted(file.glob("*.yaml")) if file.is_dir() else [file])]
    checked = check_files(chosen, classes=classes, timeout_s=timeout)
    if settings.output is Output.TABLE:
        for problem in checked.problems:
            print(problem, file=sys.stderr)
        for pipeline in checked.pipelines:
            print(f"{pipeline.file}: {pipeline.name} is valid")
        for file in checked.empty:
            print(f"{file}: holds nothing, which masks a file of that name in an earlier folder")
    else:
        document = {
            "valid": [{"pipeline": each.name, "file": str(each.file)} for each in checked.pipelines],
            "problems": [_problem_document(each) for each in checked.problems],
        }
        print_document(document, settings.output)
    if checked.problems:
        raise SystemExit(int(Exit.INVALID_DEFINITION))


def _problem_document(problem: Problem) -> dict[str, Any]:
    return {
        "file": str(problem.file),
        "line": problem.line,
        "column": problem.column,
        "path": problem.path,
        "text": problem.text,
    }

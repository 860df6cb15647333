"""``pipertctl new``: no daemon needed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import click

from pipertd.ctl.documents.machine import Made
from pipertd.ctl.exits import Exit, denied, fail
from pipertd.ctl.lazy import Entry, LazyGroup
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, Settings, command

_ENDING = "_routines"  # of the module of a pipeline, which may so be called as a module of Python's is
COMMANDS = {
    "pipeline": Entry("pipertd.ctl.new.command:pipeline", "Make a definition, its routines and their test."),
    "routine": Entry("pipertd.ctl.new.command:routine", "Make a routine and its test."),
}


@click.group(cls=LazyGroup, entries=COMMANDS)
def new() -> None:
    """Make a pipeline or a routine to begin with."""


@command("pipeline")
@click.argument("name", help="Of the pipeline.")
@click.option("--dir", "folder", metavar="DIR", help="Where to.  [default: a new folder of that name]")
def pipeline(settings: Settings, name: str, folder: str | None) -> None:
    """Make a definition, its routines and their test.

    Three routines in two flows that run as they are: params, pace, an event, batches. No file is written over.
    """
    module = _module(name, _ENDING)
    place = Path(folder if folder is not None else name)
    templates = {f"{name}.yaml": "pipeline.yaml.in", f"{module}.py": "routines.py.in"}
    templates[f"test_{module.removesuffix(_ENDING)}.py"] = "test_pipeline.py.in"
    made = _written(name, place, templates, {"name": name, "module": module})
    _tell(settings, made, f"cd {place} && pipertctl check {name}.yaml && pipertd run {name}.yaml", place)


@command("routine")
@click.argument("name", help="Of the routine: blur-faces, blur_faces or BlurFaces.")
@click.option(
    "--kind",
    type=click.Choice(["source", "middle", "destination"]),
    default="middle",
    help="What it does with messages.",
)
@click.option("--dir", "folder", metavar="DIR", default=".", help="Where to.")
def routine(settings: Settings, name: str, kind: str, folder: str) -> None:
    """Make a routine and its test.

    A class with params, an event, setup and cleanup, that works as it is. No file is written over.
    """
    from pipertd.ctl.new.naming import class_of

    module = _module(name)
    templates = {f"{module}.py": f"{kind}.py.in", f"test_{module}.py": f"test_{kind}.py.in"}
    words = {"name": name, "module": module, "Class": class_of(module)}
    made = _written(name, Path(folder), templates, words)
    _tell(
        settings,
        made,
        f"say `class: {module}:{words['Class']}` in a definition whose path has this folder",
        Path(folder),
    )


def _module(name: str, ending: str = "") -> str:
    from pipertd.ctl.new.naming import NoGoodName, module_of

    try:
        return module_of(name, ending)
    except NoGoodName as reason:
        raise fail(f"cannot name it {name!r}: {reason}", Exit.USAGE) from None


def _written(name: str, folder: Path, templates: Mapping[str, str], words: Mapping[str, str]) -> list[Path]:
    from pipertd.ctl.new.files import InTheWay, write

    try:
        return write(folder, templates, words)
    except InTheWay as reason:
        raise fail(f"cannot make {name}: {reason}; nothing is written", Exit.FAILED) from None
    except OSError as reason:
        raise denied(f"make {name}", reason) from None


def _tell(settings: Settings, made: list[Path], following: str, folder: Path) -> None:
    if settings.output is not Output.TABLE:
        print_document(Made([str(each) for each in made]), settings.output)
        return
    for each in made:
        print(f"made {each}")
    print(f"next: {following}")
    missing = "" if find_spec("pytest") else "pip install pytest && "
    print(f"test: {missing}python -m pytest {folder}")

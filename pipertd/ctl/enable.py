"""``pipertctl enable`` and ``disable``: no daemon needed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipertd.ctl.documents.machine import Switched
from pipertd.ctl.exits import Exit, denied, fail, talking
from pipertd.ctl.output import print_document
from pipertd.ctl.reload import not_reloaded
from pipertd.ctl.settings import Output, Settings, command
from pipertd.harmless import in_a_line

if TYPE_CHECKING:
    from pipertd.definition.installed import Folders, Installed


def _options(function: Callable[..., None]) -> Callable[..., None]:
    now = click.option("--now", is_flag=True, help="Have the daemon reload its definitions then.")
    root = click.option(
        "--root", default="/", metavar="DIR", help="The folders below DIR instead of those of this system."
    )
    return now(root(function))


@command("enable")
@click.argument("pipeline", metavar="PIPELINE|FILE", help="One that is disabled, or a definition that lies elsewhere.")
@click.option(
    "--classes/--no-classes", default=None, help="Import the classes, as check does; if not said, only where DIR is /."
)
@_options
def enable(settings: Settings, pipeline: str, classes: bool | None, root: str, now: bool) -> None:
    """Have the daemon read an installed definition, or another FILE.

    A definition that was disabled loses its mask. A definition FILE.yaml that lies in none of the daemon's folders is
    linked into /etc/pipertd/pipelines.d. Until the next reload nothing is started. What `pipertctl check` has anything
    against is not enabled.
    """
    from pipertd.definition.installed import Folders

    folders = Folders.below(Path(root))
    with_classes = Path(root) == Path("/") if classes is None else classes  # another system has modules of its own
    if pipeline.endswith(".yaml"):
        file = Path(pipeline)
        name = _named_by(file, folders, with_classes)
        changed = _switched("enable", name, lambda: folders.link(file))
    else:
        name, one = pipeline, _found(folders, pipeline)
        if not one.enabled and len(one.files) > 1:
            _named_by(one.files[-2], folders, with_classes)
        changed = _switched("enable", name, lambda: folders.enable(one))
    _tell(settings, name, changed, "enabled")
    if now:
        _reload(settings, f"{name} stays enabled; `pipertctl disable {name}` takes that back")


@command("disable")
@click.argument("pipeline", help="The pipeline.")
@_options
def disable(settings: Settings, pipeline: str, root: str, now: bool) -> None:
    """Have the daemon read an installed definition no more.

    A link to it in /etc/pipertd/pipelines.d is removed; where it lies in /usr/lib, a link to /dev/null masks it. Until
    the next reload it goes on running.
    """
    from pipertd.definition.installed import Folders

    folders = Folders.below(Path(root))
    one = _found(folders, pipeline)
    _tell(settings, pipeline, _switched("disable", pipeline, lambda: folders.disable(one)), "disabled")
    if now:
        _reload(settings)


def _found(folders: Folders, pipeline: str) -> Installed:
    from pipertd.definition.installed import find
    from pipertd.definition.parse import Unreadable

    try:
        installed = folders.installed()
    except Unreadable as reason:
        raise fail(str(reason), Exit.FAILED) from None
    one = find(installed, pipeline)
    if one is None:
        known = ", ".join(each.pipeline for each in installed) or "none"
        places = ", ".join(map(str, folders.all))
        raise fail(f"cannot find a definition of {pipeline} in {places}: there are {known}", Exit.NOT_FOUND)
    return one


def _named_by(file: Path, folders: Folders, classes: bool) -> str:
    """The pipeline of a file that is to be read; nobody is helped by one that the daemon cannot load."""
    from pipertd.definition.check import check_files

    checked = check_files([file], folders.all, classes=classes)
    for problem in checked.problems:
        print(in_a_line(str(problem)), file=sys.stderr)
    if not checked.pipelines:
        raise fail(f"cannot enable {file}: it is no valid definition", Exit.INVALID_DEFINITION)
    return checked.pipelines[0].name


def _switched(verb: str, pipeline: str, switch: Callable[[], bool]) -> bool:
    from pipertd.definition.installed import NotSwitched

    try:
        return switch()
    except NotSwitched as reason:
        raise fail(f"cannot {verb} {pipeline}: {reason}", Exit.WRONG_STATE) from None
    except PermissionError as reason:
        place = reason.filename2 or reason.filename  # of a link the first is what it leads to
        raise fail(f"cannot {verb} {pipeline}: {place} is for root; use sudo", Exit.NOT_PERMITTED) from None
    except OSError as reason:
        raise denied(f"{verb} {pipeline}", reason) from None


def _tell(settings: Settings, pipeline: str, changed: bool, state: str) -> None:
    if settings.output is not Output.TABLE:
        print_document(Switched(pipeline, state, changed), settings.output)
    else:
        print(f"{pipeline}: {state}" if changed else f"{pipeline}: was {state} already")


def _reload(settings: Settings, advice: str = "") -> None:
    with talking(settings) as client:
        done = client.pipelines.reload()
    if done.problems:
        raise not_reloaded(done.problems, advice)

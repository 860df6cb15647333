"""Definitions: whether they are valid, and open to the daemon's user with all that they name."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipertd.ctl.doctor.account import Account
from pipertd.ctl.doctor.finding import Finding, Severity, as_root, quoted
from pipertd.definition.model import Pipeline
from pipertd.definition.problem import Problem
from pipertd.definition.structure import ROUTINES_FOLDER

SUBJECT = "definitions"
HOMES = ("/home", "/root", "/run/user")  # of people; a service can do without


def findings(
    pipelines: Sequence[Pipeline], problems: Sequence[Problem], daemons_user: Account | None
) -> Iterator[Finding]:
    """What is wrong with the files, and what the daemon's user may not use."""
    for file in dict.fromkeys(each.file for each in problems):
        first, *others = [each for each in problems if each.file == file]
        what = f"{first}{f' (and {len(others)} more)' if others else ''}"
        why = "the daemon starts without it, or with what worked before, and a reload changes nothing while it is so"
        yield Finding(Severity.FAULT, SUBJECT, what, why, f"pipertctl check {quoted([file])}  # then mend the file")
    if daemons_user is not None:
        for pipeline in pipelines:
            yield from _barred(pipeline, daemons_user)


def named_paths(pipeline: Pipeline) -> Iterator[str]:
    """The absolute paths that a definition names: of its code, of its interpreter, and in its params."""
    yield from (each for each in pipeline.path if each != ROUTINES_FOLDER)
    if pipeline.python and pipeline.python.startswith("/"):
        yield pipeline.python
    for flow in pipeline.flows:
        for routine in flow.routines:
            yield from (each for each in routine.params.values() if isinstance(each, str) and each.startswith("/"))


def _barred(pipeline: Pipeline, user: Account) -> Iterator[Finding]:
    """What the pipeline needs and the daemon's user cannot reach."""
    needed = dict.fromkeys([*([str(pipeline.file)] if pipeline.file else []), *named_paths(pipeline)])
    for name in needed:
        place = user.barred_at(Path(name))
        if place is not None:
            what = f"{user.name}, who runs the daemon, may not use {name}"
            what += f": {place} is closed to them" if str(place) != name else ""
            why = f"pipeline {pipeline.name} needs it"
            yield Finding(Severity.FAULT, SUBJECT, what, why, _opened(place, name, user))


def _opened(place: Path, name: str, user: Account) -> str:
    """A device is opened by its group; a file or folder to everybody."""
    found = place.stat()
    if stat.S_ISCHR(found.st_mode) or stat.S_ISBLK(found.st_mode):
        return as_root(f"usermod -aG $(stat -c %G {quoted([place])}) {user.name}", "systemctl restart pipertd")
    on_the_way = str(place) != name
    mode = "x" if on_the_way else "rx" if stat.S_ISDIR(found.st_mode) else "r"
    opened = as_root(f"chmod o+{mode} {quoted([place])}")
    at_home = any(place.is_relative_to(home) for home in HOMES)
    return f"{opened}  # or better move it out of the home, to /srv say" if at_home else opened

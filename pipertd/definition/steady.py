"""Definitions that hold still: what changes while it is read is read again.

Two looks at the files, before the reading and behind it, have to agree on which files there are, on what the file
system says of each, and on every byte. A file that somebody left half-way written is for the checks to find.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pipertd.definition.folder import entries
from pipertd.definition.parse import MOST_BYTES, Unreadable
from pipertd.definition.problem import Problem, shown
from pipertd.definition.read import Reading, definition_files, read_all

Read = Callable[[Sequence[Path], Sequence[Path]], tuple[list[Reading], tuple[Problem, ...]]]
_Look = dict[Path, tuple[object, ...]]

TRIES = 100
PAUSE_S = 0.02  # between two looks: longer than an editor takes from truncating a small file to writing it


def read_steadily(folders: Sequence[Path], read: Read = read_all) -> tuple[list[Reading], tuple[Problem, ...]]:
    """A reading of every file of ``folders``, as they were at one moment, and every problem.

    Blocks for a moment; where the files never hold still, or a folder cannot be read, that is the one problem.
    """
    try:
        return _read_steadily(folders, read)
    except Unreadable as reason:
        return [], (reason.problem,)


def _read_steadily(folders: Sequence[Path], read: Read) -> tuple[list[Reading], tuple[Problem, ...]]:
    before = _look(folders)
    restless: Path | None = None
    for _ in range(TRIES):
        found = read(definition_files(folders), folders)
        time.sleep(PAUSE_S)
        after = _look(folders)
        if after == before:
            return found
        restless = next(file for file in sorted(before | after) if before.get(file) != after.get(file))
        before = after
    assert restless is not None
    return [], (
        Problem(shown(restless), 1, 1, "", f"cannot read it, because it changed {TRIES} times while it was read"),
    )


def _look(folders: Sequence[Path]) -> _Look:
    """What there is, and what it holds."""
    places = [place for folder in folders for place in (folder, *entries(folder, ".yaml.d"))]
    return {file: _facts(file) for place in places for file in entries(place, ".yaml")}


def _facts(file: Path) -> tuple[object, ...]:
    try:
        facts = file.stat()
        content = _beginning(file) if file.is_file() else b""
    except OSError as reason:  # it went, or may not be read, which the reading says
        return (reason.errno,)
    return (facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns, hashlib.sha256(content).digest())


def _beginning(file: Path) -> bytes:
    """As much of it as a definition may hold."""
    with file.open("rb") as content:
        return content.read(MOST_BYTES + 1)

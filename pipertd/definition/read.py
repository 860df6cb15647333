"""From files to pipelines: which files count, what is merged over them, and what is wrong with each."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipertd.definition.document import Document
from pipertd.definition.folder import entries
from pipertd.definition.model import Pipeline
from pipertd.definition.parse import Unreadable, document_of, read_document
from pipertd.definition.problem import Problem
from pipertd.definition.schema import UNKNOWN_NAME
from pipertd.definition.structure import pipeline_of
from pipertd.definition.validate import validated

_NOTHING = os.makedev(1, 3)  # /dev/null, on every Linux
FOLDERS = (
    Path("/usr/lib/pipertd/pipelines.d"),
    Path("/etc/pipertd/pipelines.d"),
    Path("/run/pipertd/pipelines.d"),
)


def definition_files(folders: Sequence[Path] = FOLDERS) -> list[Path]:
    """The files that count, by name: the same name in a later folder replaces, and an empty file masks.

    Raises:
        Unreadable: there is a folder that cannot be read.
    """
    found = {file.name: file for folder in folders for file in entries(folder, ".yaml")}
    return [file for _, file in sorted(found.items()) if not masks(file)]


def masks(file: Path) -> bool:
    """Whether a file only replaces one of its name in an earlier folder: it is empty, or a link to /dev/null."""
    try:
        found = file.stat()
    except OSError:  # it went meanwhile, or cannot be looked at, which the reading says
        return False
    return (
        found.st_rdev == _NOTHING if stat.S_ISCHR(found.st_mode) else stat.S_ISREG(found.st_mode) and not found.st_size
    )


@dataclass(frozen=True)
class Reading:
    """What one file says: its pipeline as far as it can be made out, and what is wrong with the file."""

    document: Document
    pipeline: Pipeline
    problems: tuple[Problem, ...]


def read_all(files: Sequence[Path], folders: Sequence[Path] = ()) -> tuple[list[Reading], tuple[Problem, ...]]:
    """A reading of every file that can be made out at all, and every problem of every file."""
    return _with_distinct_names((file, _read(file, folders)) for file in files)


def read_texts(texts: Mapping[str, str]) -> tuple[list[Reading], tuple[Problem, ...]]:
    """As ``read_all``, of texts under the names that their files would have; nothing is merged over them."""
    return _with_distinct_names((Path(name), _read_text(Path(name), text)) for name, text in texts.items())


def _with_distinct_names(
    found_in: Iterable[tuple[Path, tuple[Reading | None, tuple[Problem, ...]]]],
) -> tuple[list[Reading], tuple[Problem, ...]]:
    readings: list[Reading] = []
    problems: list[Problem] = []
    first: dict[str, Path] = {}
    for file, (reading, found) in found_in:
        problems += found
        if reading is None:
            continue
        name = reading.pipeline.name
        if first.setdefault(name, file) == file or name == UNKNOWN_NAME != reading.document.content.get("pipeline"):
            readings.append(reading)
        else:
            why = f"{first[name]} defines a pipeline of that name"
            problems.append(reading.document.problem(("pipeline",), f"cannot load {name!r}, because {why}"))
    return readings, tuple(sorted(problems))


def _read(file: Path, folders: Sequence[Path]) -> tuple[Reading | None, tuple[Problem, ...]]:
    try:
        document = read_document(file)
        drop_ins = _drop_ins(file, folders)
    except Unreadable as reason:
        return None, (reason.problem,)
    if document is None:
        return None, ()
    for drop_in in drop_ins:
        try:
            over = read_document(drop_in)
        except Unreadable as reason:
            document.problems.append(reason.problem)
        else:
            document.merge(over or Document(drop_in))
    return _made_out(document)


def _read_text(file: Path, text: str) -> tuple[Reading | None, tuple[Problem, ...]]:
    try:
        document = document_of(file, text)
    except Unreadable as reason:
        return None, (reason.problem,)
    return (None, ()) if document is None else _made_out(document)


def _made_out(document: Document) -> tuple[Reading | None, tuple[Problem, ...]]:
    section, found = validated(document)
    if section is None:
        return None, (*document.problems, *found)
    pipeline, wrong = pipeline_of(document, section)
    problems = (*document.problems, *found, *wrong)
    return Reading(document, pipeline, problems), problems


def _drop_ins(file: Path, folders: Sequence[Path]) -> list[Path]:
    """``NAME.yaml.d/*.yaml`` beside the file and in each folder; of two with one name the later folder's counts."""
    places = folders if file.parent in folders else (file.parent, *folders)
    found = {drop_in.name: drop_in for folder in places for drop_in in entries(folder / f"{file.name}.d", ".yaml")}
    return [drop_in for _, drop_in in sorted(found.items())]

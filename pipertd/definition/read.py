"""From files to pipelines: which files count, what is merged over them, and what is wrong with each."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from pipertd.definition.document import Document, Unreadable, Way, read_document
from pipertd.definition.model import Pipeline
from pipertd.definition.problem import Problem, nearest
from pipertd.definition.schema import UNKNOWN_CLASS, PipelineSection
from pipertd.definition.structure import pipeline_of

FOLDERS = (
    Path("/usr/lib/pipertd/pipelines.d"),
    Path("/etc/pipertd/pipelines.d"),
    Path("/run/pipertd/pipelines.d"),
)


def definition_files(folders: Sequence[Path] = FOLDERS) -> list[Path]:
    """The files that count, by name: the same name in a later folder replaces, and an empty file masks."""
    found: dict[str, Path] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.yaml")) if folder.is_dir() else ():
            found[file.name] = file
    return [file for _, file in sorted(found.items()) if not file.is_file() or file.stat().st_size]


@dataclass(frozen=True)
class Reading:
    """What one file says: its pipeline as far as it can be made out, and what is wrong with the file."""

    document: Document
    pipeline: Pipeline
    problems: tuple[Problem, ...]


def read_files(files: Sequence[Path]) -> tuple[tuple[Pipeline, ...], tuple[Problem, ...]]:
    """Every pipeline that has no problem, and every problem of every file; no class is looked at."""
    readings, problems = read_all(files)
    return tuple(each.pipeline for each in readings if not each.problems), problems


def read_all(files: Sequence[Path]) -> tuple[list[Reading], tuple[Problem, ...]]:
    """A reading of every file that can be made out at all, and every problem of every file."""
    readings: dict[str, Reading] = {}
    problems: list[Problem] = []
    for file in files:
        reading, found = _read(file)
        if reading is not None and reading.pipeline.name in readings:
            first = readings[reading.pipeline.name].document.file
            why = f"{first} defines a pipeline of that name"
            text = f"cannot load {reading.pipeline.name!r}, because {why}"
            found = (*found, reading.document.problem(("pipeline",), text))
        elif reading is not None:
            readings[reading.pipeline.name] = reading
        problems += found
    return list(readings.values()), tuple(sorted(problems))


def _read(file: Path) -> tuple[Reading | None, tuple[Problem, ...]]:
    try:
        document = _read_with_drop_ins(file)
    except Unreadable as reason:
        return None, (reason.problem,)
    if document is None:
        return None, ()
    section, found = validated(document)
    if section is None:
        return None, tuple(found)
    pipeline, wrong = pipeline_of(document, section)
    problems = (*found, *wrong)
    return Reading(document, pipeline, problems), problems


def _read_with_drop_ins(file: Path) -> Document | None:
    document = read_document(file)
    if document is None:
        return None
    for drop_in in sorted(Path(f"{file}.d").glob("*.yaml")):
        over = read_document(drop_in)
        if over is not None and isinstance(over.content, dict) and isinstance(document.content, dict):
            document.content = _merged(document.content, over.content)
    return document


def _merged(under: dict[Any, Any], over: dict[Any, Any]) -> dict[Any, Any]:
    """Mappings are merged key by key; everything else is replaced."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        result[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return result


def validated(document: Document) -> tuple[PipelineSection | None, list[Problem]]:
    """The document's sections, and what is wrong with its keys, types and units.

    What is wrong is left out and the rest validated again, so that one slip does not hide the next mistake; None where
    too little is left to go on with.
    """
    if not isinstance(document.content, dict):
        return None, [document.problem((), "cannot read the definition, because it is no mapping of keys to values")]
    try:
        return PipelineSection.model_validate(document.content), []
    except ValidationError as reason:
        errors = reason.errors(include_url=False)
    problems = [_problem(document, error) for error in errors]
    content = copy.deepcopy(document.content)
    for error in errors:
        _leave_out(content, error)
    try:
        return PipelineSection.model_validate(content), problems
    except ValidationError:
        return None, problems


def _leave_out(content: Any, error: Any) -> None:
    """Take the wrong value away; a class that is missing or misspelt becomes one that nobody looks at."""
    way = [step for step in error["loc"] if step != "[key]"]
    node = content
    for step in way[:-1]:
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return  # an error around it took it away already
    if way and way[-1] == "class" and isinstance(node, dict):
        node["class"] = UNKNOWN_CLASS
    elif way and isinstance(node, dict):
        node.pop(way[-1], None)


def _problem(document: Document, error: Any) -> Problem:
    way: Way = tuple(step for step in error["loc"] if step != "[key]")
    kind = error["type"]
    if kind == "extra_forbidden":
        text = f"cannot use key {way[-1]!r}, because there is no such key here{nearest(str(way[-1]), _known_keys(way))}"
        return document.problem(way, text, at_key=True)
    if kind == "missing":
        return document.problem(way[:-1], f"cannot do without {way[-1]!r}, because it has no default")
    if "[key]" in error["loc"]:
        return document.problem(
            way, f"cannot name it {way[-1]!r}, because a name is a letter, then letters, digits, - and _", at_key=True
        )
    return document.problem(way, f"cannot use {_short(error['input'])}, because {_reason(error)}")


def _reason(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "string_pattern_mismatch":
        if error["loc"][-1] == "class":
            return "a class is written module:Class"
        return "a name is a letter, then letters, digits, - and _"
    return message[0].lower() + message[1:]


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _known_keys(way: Way) -> list[str]:
    """The keys that the section at ``way`` may have."""
    section: Any = PipelineSection
    for step in way[:-1]:
        if isinstance(section, type) and issubclass(section, BaseModel):
            fields = {field.alias or name: field for name, field in section.model_fields.items()}
            section = fields[step].annotation if step in fields else None
        else:  # a name in dict[Name, Section] or an index in list[Section]
            arguments = get_args(section)
            section = arguments[-1] if arguments else None
    if isinstance(section, type) and issubclass(section, BaseModel):
        return [field.alias or name for name, field in section.model_fields.items()]
    return []

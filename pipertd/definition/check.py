"""The whole check of definitions: what the files say, and that the classes they name can be had.

User code is imported in a child process of the pipeline's own interpreter, with a deadline; never here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipertd.definition.classes import Answer, NoInterpreter, ask
from pipertd.definition.ends import misfit
from pipertd.definition.model import Pipeline
from pipertd.definition.problem import Problem
from pipertd.definition.read import Reading, read_all
from pipertd.definition.schema import UNKNOWN_CLASS
from pipertd.definition.structure import ROUTINES_FOLDER
from pipertd.names import RoutineRef, nearest

DEADLINE_S = 30.0


@dataclass(frozen=True)
class Checked:
    """The pipelines without a problem, every problem of the others in the order of file and line, and empty files."""

    pipelines: tuple[Pipeline, ...]
    problems: tuple[Problem, ...]
    empty: tuple[Path, ...] = ()


def check_files(
    files: Sequence[Path], folders: Sequence[Path] = (), *, classes: bool = True, timeout_s: float = DEADLINE_S
) -> Checked:
    """Check definition files, with the drop-ins that lie beside them and in ``folders``.

    Blocks for as long as their classes take to import, at most ``timeout_s`` for each.
    """
    readings, problems = read_all(files, folders)
    good: list[Pipeline] = []
    found = list(problems)
    for reading in readings:
        wrong = check_classes(reading, timeout_s) if classes else []
        found += wrong
        if not wrong and not reading.problems:
            good.append(reading.pipeline)
    known = {reading.document.file for reading in readings} | {each.file for each in problems}
    return Checked(tuple(good), tuple(sorted(found)), tuple(file for file in files if file not in known))


def check_classes(
    reading: Reading, timeout_s: float = DEADLINE_S, given_up: Callable[[], bool] = lambda: False
) -> list[Problem]:
    """What is wrong with the pipeline's classes, their params, and the places they are linked at."""
    pipeline = reading.pipeline
    asked = [
        (RoutineRef(flow.name, routine.name), {"class": routine.class_path, "params": dict(routine.params)})
        for flow in pipeline.flows
        for routine in flow.routines
        if routine.class_path != UNKNOWN_CLASS
    ]
    try:
        answers = ask(pipeline, [question for _, question in asked], timeout_s, given_up)
    except NoInterpreter as reason:
        python = pipeline.python or sys.executable
        return [reading.document.problem(("python",), f"cannot use interpreter {python}, because {reason}")]
    told = {ref: answer for (ref, _), answer in zip(asked, answers, strict=True)}
    return _missing_folders(reading) + class_problems(reading, told)


def class_problems(reading: Reading, answers: Mapping[RoutineRef, Answer]) -> list[Problem]:
    """What is wrong by what was told of the classes."""
    problems = [each for ref, answer in answers.items() for each in _problems(reading, ref, answer)]
    return problems + _misfits(reading, answers)


def _missing_folders(reading: Reading) -> list[Problem]:
    """Folders that `path` names and that are not there: Python passes over them without a word."""
    why = "because there is no such folder: make it, or take it out of `path`"
    return [
        reading.document.problem(("path", place), f"cannot look for classes in {folder}, {why}")
        for place, folder in enumerate(reading.pipeline.path)
        if folder != ROUTINES_FOLDER and _is_missing(Path(folder))
    ]


def _is_missing(folder: Path) -> bool:
    """Whether it is surely not there; what is no folder may be an archive, which Python imports from as well."""
    try:
        folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # closed to us, or worse: the import says what comes of it
        return False
    return False


def _misfits(reading: Reading, answers: Mapping[RoutineRef, Answer]) -> list[Problem]:
    """The links whose two ends say different things of their messages."""
    problems = []
    for link in reading.pipeline.links:
        gives, takes = (answers.get(end, {}) for end in (link.source, link.destination))
        shape = takes.get("takes")
        if "joins" in takes:
            names = [name for name in takes["joins"] if name in (link.source.routine, str(link.source))]
            shape = takes["joins"][names[0]] if names else None
        why = misfit(gives.get("gives"), shape)
        if why is not None:
            way = ("flows", link.destination.flow, "routines", link.destination.routine, "class")
            problems.append(reading.document.problem(way, f"cannot link {link}, because {why}"))
    return problems


def _problems(reading: Reading, ref: RoutineRef, answer: Answer) -> list[Problem]:
    document = reading.document
    way = ("flows", ref.flow, "routines", ref.routine)
    if "error" in answer:
        return [document.problem((*way, "class"), f"cannot use the class of {ref}, because {answer['error']}")]
    problems = []
    for wrong in answer["problems"]:
        name, known = wrong["param"], list(answer["params"])
        if wrong["kind"] == "missing":
            text = f"cannot do without param {name!r}, because {ref} has no default for it"
            place = (*way, "params") if (*way, "params") in document.values else (*way, "class")
            problems.append(document.problem(place, text))
        elif wrong["kind"] == "unknown":
            text = f"cannot set param {name!r}, because {ref} has no such param{nearest(name, known)}"
            problems.append(document.problem((*way, "params", name), text, at_key=True))
        else:
            problems.append(document.problem((*way, "params", name), f"cannot use {wrong['text']}"))
    return [*problems, *_misplaced(reading, ref, answer["kind"]), *_unjoined(reading, ref, answer.get("joins"))]


def _unjoined(reading: Reading, ref: RoutineRef, joins: Mapping[str, object] | None) -> list[Problem]:
    """A routine that joins its inputs has a link from each that it names, and no other."""
    if joins is None or reading.problems:
        return []
    sources = [link.source for link in reading.pipeline.inputs_of(ref)]
    written = [name for source in sources for name in (source.routine, str(source))]
    wrong = [
        f"cannot join {name!r} in {ref}, because no link leads from there to it{nearest(name, written)}"
        for name in joins
        if name not in written
    ]
    wrong += [
        f"cannot link {source} -> {ref}, because {ref.routine} joins {', '.join(joins)} and takes nothing else"
        for source in sources
        if not {source.routine, str(source)} & set(joins)
    ]
    way = ("flows", ref.flow, "routines", ref.routine, "class")
    return [reading.document.problem(way, text) for text in wrong]


def _misplaced(reading: Reading, ref: RoutineRef, kind: str) -> list[Problem]:
    """A source has no input, a destination no output, and each of the others what it needs."""
    inputs, outputs = reading.pipeline.inputs_of(ref), reading.pipeline.outputs_of(ref)
    wrong = []
    if kind == "source" and inputs:
        wrong.append(f"cannot link {inputs[0]}, because {ref.routine} is a source and takes no input")
    if kind == "destination" and outputs:
        wrong.append(f"cannot link {outputs[0]}, because {ref.routine} is a destination and gives no output")
    if kind == "placed" and not (inputs or outputs) and not reading.problems:
        wrong.append(f"cannot run {ref}, because no link begins or ends at it")
    if not reading.problems:  # else the link that is missed here may be one that was left out there
        if kind in ("middle", "destination") and not inputs:
            wrong.append(f"cannot run {ref}, because it is a {kind} routine and no link ends at it")
        if kind in ("source", "middle") and not outputs:
            wrong.append(f"cannot run {ref}, because it is a {kind} routine and no link begins at it")
    way = ("flows", ref.flow, "routines", ref.routine, "class")
    return [reading.document.problem(way, text) for text in wrong]

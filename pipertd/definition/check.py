"""The whole check of definitions: what the files say, and that the classes they name can be had.

User code is imported in a child process of the pipeline's own interpreter, with a deadline; never here.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipertd.definition.model import Pipeline
from pipertd.definition.problem import Problem, nearest
from pipertd.definition.read import Reading, read_all
from pipertd.definition.schema import UNKNOWN_CLASS
from pipertd.names import RoutineRef

DEADLINE_S = 30.0


@dataclass(frozen=True)
class Checked:
    """The pipelines without a problem, and every problem of the others, in the order of file and line."""

    pipelines: tuple[Pipeline, ...]
    problems: tuple[Problem, ...]


def check_files(files: Sequence[Path], *, classes: bool = True, timeout_s: float = DEADLINE_S) -> Checked:
    """Check definition files; blocks for as long as their classes take to import, at most ``timeout_s`` for each."""
    readings, problems = read_all(files)
    good: list[Pipeline] = []
    found = list(problems)
    for reading in readings:
        wrong = check_classes(reading, timeout_s) if classes else []
        found += wrong
        if not wrong and not reading.problems:
            good.append(reading.pipeline)
    return Checked(tuple(good), tuple(sorted(found)))


def check_classes(reading: Reading, timeout_s: float) -> list[Problem]:
    """What is wrong with the pipeline's classes, their params, and the places they are linked at."""
    pipeline = reading.pipeline
    asked = [
        (RoutineRef(flow.name, routine.name), {"class": routine.class_path, "params": dict(routine.params)})
        for flow in pipeline.flows
        for routine in flow.routines
        if routine.class_path != UNKNOWN_CLASS
    ]
    answers = _describe(pipeline, [question for _, question in asked], timeout_s)
    if isinstance(answers, str):  # the child is gone: ask one by one, to know whose fault it was
        answers = [_alone(pipeline, question, timeout_s) for _, question in asked]
    problems: list[Problem] = []
    for (ref, _), answer in zip(asked, answers, strict=True):
        problems += _problems(reading, ref, answer)
    return problems


def _alone(pipeline: Pipeline, question: Mapping[str, Any], timeout_s: float) -> Mapping[str, Any]:
    answers = _describe(pipeline, [question], timeout_s)
    return {"error": answers} if isinstance(answers, str) else answers[0]


def _describe(
    pipeline: Pipeline, questions: Sequence[Mapping[str, Any]], timeout_s: float
) -> list[Mapping[str, Any]] | str:
    """What the child says of each class, or in words how it failed to say anything."""
    python = pipeline.python or sys.executable
    request = json.dumps({"path": list(pipeline.path), "classes": list(questions)}, default=str)
    try:
        child = subprocess.Popen(
            [python, "-m", "pipertd.flow.describe"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **pipeline.environment},
            start_new_session=True,
        )
    except OSError as reason:
        return f"its interpreter {python} cannot be started: {(reason.strerror or str(reason)).lower()}"
    try:
        answer, complaint = child.communicate(request, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        return f"importing it took longer than {timeout_s:g} s"
    finally:
        _end(child)
    try:
        answers: list[Mapping[str, Any]] = json.loads(answer)
    except json.JSONDecodeError:
        return _last_words(child.returncode, complaint)
    return answers


def _end(child: subprocess.Popen[str]) -> None:
    """Nothing that the class started outlives the check."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None and not pipe.closed:
            pipe.close()


def _last_words(status: int, complaint: str) -> str:
    how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with code {status}"
    lines = complaint.strip().splitlines()
    return f"its interpreter {how} while importing it" + (f": {lines[-1]}" if lines else "")


def _problems(reading: Reading, ref: RoutineRef, answer: Mapping[str, Any]) -> list[Problem]:
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
    return problems + _misplaced(reading, ref, answer["kind"])


def _misplaced(reading: Reading, ref: RoutineRef, kind: str) -> list[Problem]:
    """A source has no input, a destination no output, and each of the others what it needs."""
    inputs, outputs = reading.pipeline.inputs_of(ref), reading.pipeline.outputs_of(ref)
    wrong = []
    if kind == "source" and inputs:
        wrong.append(f"cannot link {inputs[0]}, because {ref.routine} is a source and takes no input")
    if kind == "destination" and outputs:
        wrong.append(f"cannot link {outputs[0]}, because {ref.routine} is a destination and gives no output")
    if not reading.problems:  # else the link that is missed here may be one that was left out there
        if kind in ("middle", "destination") and not inputs:
            wrong.append(f"cannot run {ref}, because it is a {kind} routine and no link ends at it")
        if kind in ("source", "middle") and not outputs:
            wrong.append(f"cannot run {ref}, because it is a {kind} routine and no link begins at it")
    way = ("flows", ref.flow, "routines", ref.routine, "class")
    return [reading.document.problem(way, text) for text in wrong]

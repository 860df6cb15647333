"""Interpreters: whether each has the pipertd that its flows need."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipertd import __version__
from pipertd.ctl.doctor.finding import Finding, Severity, quoted
from pipertd.definition.model import Pipeline

SUBJECT = "interpreters"
_DEADLINE_S = 20.0
_NO_PIPERTD = 3
_QUESTION = f"""
try:
    import pipertd
except ModuleNotFoundError:
    raise SystemExit({_NO_PIPERTD})
import pipertd.flow.routine
print(pipertd.__version__)
"""


@dataclass(frozen=True)
class Interpreter:
    """One interpreter that definitions name.

    Attributes:
        pipelines: those that it runs.
        version: of the pipertd in it; empty where there is none.
        trouble: why it could not be asked; empty where it was.
        startable: whether it is an interpreter at all.
    """

    python: str
    pipelines: tuple[str, ...]
    version: str
    trouble: str = ""
    startable: bool = True


def look(pipelines: Sequence[Pipeline]) -> list[Interpreter]:
    """Ask each one that is named; the daemon's own has pipertd."""
    named: dict[str, list[Pipeline]] = {}
    for pipeline in pipelines:
        if pipeline.python is not None:
            named.setdefault(pipeline.python, []).append(pipeline)
    return [_asked(python, users) for python, users in named.items()]


def findings(interpreters: Sequence[Interpreter]) -> Iterator[Finding]:
    """Interpreters that no flow can run in."""
    for each in interpreters:
        used = f"used by {', '.join(each.pipelines)}"
        if each.trouble:
            what = f"{each.python} ({used}) cannot be used: {each.trouble}"
            yield Finding(Severity.FAULT, SUBJECT, what, "its flows cannot start", _made(each))
        elif not each.version:
            what = f"{each.python} ({used}) has no pipertd"
            yield Finding(Severity.FAULT, SUBJECT, what, "flows import their half of pipertd from it", _installed(each))
        elif each.version != __version__:
            what = f"{each.python} ({used}) has pipertd {each.version}; this one is {__version__}"
            why = "flows of another version may not understand the daemon, and are restarted by it"
            yield Finding(Severity.RISK, SUBJECT, what, why, _installed(each))


def _asked(python: str, users: Sequence[Pipeline]) -> Interpreter:
    names = tuple(each.name for each in users)
    environment: Mapping[str, str] = users[0].environment
    try:
        answer = subprocess.run(
            [python, "-P", "-c", _QUESTION],
            capture_output=True,
            text=True,
            check=False,
            timeout=_DEADLINE_S,
            stdin=subprocess.DEVNULL,
            env={**_clean(), **environment},
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired) as reason:
        why = reason.strerror if isinstance(reason, OSError) and reason.strerror else "it does not answer"
        return Interpreter(python, names, "", why.lower(), startable=False)
    if answer.returncode == _NO_PIPERTD:
        return Interpreter(python, names, "")
    if answer.returncode:
        last = answer.stderr.strip().splitlines()[-1:] or [f"it exited with code {answer.returncode}"]
        return Interpreter(python, names, "", last[0])
    return Interpreter(python, names, answer.stdout.strip())


def _clean() -> dict[str, str]:
    """The environment without what leads this interpreter, and not the daemon's flows, to their modules."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


def _made(interpreter: Interpreter) -> str:
    """The command that makes the virtual environment anew, where it is one."""
    python = Path(interpreter.python)
    if interpreter.startable:  # something that pipertd imports is missing or broken
        return _installed(interpreter)
    place = python.parent.parent
    if python.parent.name != "bin" or (place.exists() and not (place / "pyvenv.cfg").exists()):
        return f"# name an interpreter that is there under `python:` of {interpreter.pipelines[0]}"
    return f"python3 -m venv {quoted([place])} && {_installed(interpreter)}"


def _installed(interpreter: Interpreter) -> str:
    return quoted([interpreter.python, "-m", "pip", "install", f"pipertd=={__version__}"])

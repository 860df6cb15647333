"""Rounds: every side of a figure in turn, again and again, each in a process tree of its own with a deadline."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.benchmarks.figures import Side
from tests.benchmarks.leftovers import clean_surroundings

NOT_MEASURED = "not_measured"
_ROOT = Path(__file__).parents[2]
_DEADLINE_S, _DEADLINE_TIMES = 30.0, 5  # of a side: its start, and so many times what it should take

_TRIES = 2

Outcome = dict[str, Any]  # figures by name, or why there are none


def rounds(
    sides: Sequence[Side], count: int, seconds: float, told: Callable[[int, Side, Outcome], None]
) -> Iterator[dict[str, Outcome]]:
    """The outcome of each side by its name, round by round; one that failed twice in a row is not tried again.

    Args:
        sides: what is compared.
        count: how many rounds.
        seconds: for how many times its own duration each side measures.
        told: is called behind each measurement with the number of the round, from 1.
    """
    failures: dict[str, int] = {}
    outcomes: dict[str, Outcome] = {}
    for number in range(1, count + 1):
        for side in sides:
            if failures.get(side.name, 0) < _TRIES:
                outcomes[side.name] = measure(side, seconds)
            failed = NOT_MEASURED in outcomes[side.name]
            failures[side.name] = failures.get(side.name, 0) + 1 if failed else 0
            told(number, side, outcomes[side.name])
        yield dict(outcomes)


def measure(side: Side, seconds: float) -> Outcome:
    """One side once; nothing of it is left, whatever happens."""
    job = msgspec.structs.replace(side.job, seconds=side.job.seconds * seconds)
    deadline_s = _DEADLINE_S + _DEADLINE_TIMES * job.seconds
    command = [sys.executable, "-m", "tests.benchmarks.side", side.adapter, msgspec.json.encode(job).decode()]
    with clean_surroundings() as environment, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command,
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            printed, _ = process.communicate(timeout=deadline_s)
        except subprocess.TimeoutExpired:
            return {NOT_MEASURED: f"no figure within {deadline_s:.0f} s"}
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        errors.seek(0)
        return _outcome(process.returncode, printed, errors.read())


def _outcome(code: int, printed: bytes, errors: str) -> Outcome:
    lines = printed.decode().splitlines()
    if code == 0 and lines:
        outcome: Outcome = json.loads(lines[-1])
        return outcome
    said = [line for line in errors.splitlines() if line.strip() and not line.startswith(" ")]
    reason = f"{signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return {NOT_MEASURED: said[-1][:200] if said else reason}

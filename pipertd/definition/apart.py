"""Definitions that somebody sends, checked in a process apart: whatever stands in them, they hold nobody up.

YAML can be written so that reading it takes minutes and gigabytes, and here that would be done by one thread with
Python's lock in its hands. The process has a deadline, little memory, and all that is left of the processor. Request
and answer lie in memory, without a pipe that somebody would have to read meanwhile.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipertd.definition.check import check_classes
from pipertd.definition.problem import Problem, first_line
from pipertd.definition.read import Reading, read_texts
from pipertd.errors import cause_of
from pipertd.memory import memory_file

READING_S = 30.0
CLASSES_S = 300.0
MOST_PROBLEMS = 1000
MOST_TEXT = 1000  # characters: a problem names the way to it, and a key may be as long as its file
MOST_MEMORY_BYTES = 1 << 30
_RELATIVE = "it begins at no folder; write the whole path"
_LOOK_S = 0.2  # how often it is asked whether the answer is still wanted
_LEAVING_S = 5.0  # for the processes that import classes to be ended


class Verdict(NamedTuple):
    """Every problem, in the order of file and line, and the names of the pipelines that have none."""

    problems: tuple[Problem, ...]
    pipelines: tuple[str, ...]


class _Request(msgspec.Struct):
    files: dict[str, str]
    classes: bool


class _Answer(msgspec.Struct):
    problems: list[tuple[str, int, int, str, str]]
    pipelines: list[str]


def check_apart(
    files: Mapping[str, str],
    *,
    classes: bool = False,
    timeout_s: float | None = None,
    given_up: Callable[[], bool] = lambda: False,
) -> Verdict:
    """Check texts under the names that their files would have; blocks, and not for long once ``given_up``.

    Nothing is read from the disk because of what they say, unless their ``classes`` are imported too, as
    ``check_classes`` does it. What took too long, or too much, is a problem of every file.
    """
    timeout_s = timeout_s or (CLASSES_S if classes else READING_S)
    with ExitStack() as undo:
        content = msgspec.msgpack.encode(_Request(dict(files), classes))
        request, answer, complaints = (
            undo.enter_context(memory_file("pipertd-check", each)) for each in (content, b"", b"")
        )
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "pipertd.definition.apart"],
                stdin=request,
                stdout=answer,
                stderr=complaints,
                cwd="/",
                start_new_session=True,
            )
        except OSError as reason:
            return _all_wrong(files, f"no process can be had for it: {cause_of(reason)}")
        if not _ends(process, timeout_s, given_up):
            return _all_wrong(files, f"to check all of them takes longer than {timeout_s:g} s")
        if process.returncode:
            complaints.seek(0)
            said = complaints.read().decode("utf-8", "replace").strip().splitlines()
            how = f"ended with status {process.returncode}" + (f": {first_line(said[-1])}" if said else "")
            return _all_wrong(files, f"the process that checks it {how}")
        answer.seek(0)
        found = msgspec.msgpack.decode(answer.read(), type=_Answer)
    problems = (Problem(Path(file), line, column, way, text) for file, line, column, way, text in found.problems)
    return Verdict(tuple(problems), tuple(found.pipelines))


def _all_wrong(files: Mapping[str, str], why: str) -> Verdict:
    return Verdict(tuple(Problem(Path(name), 1, 1, "", f"cannot check it, because {why}") for name in files), ())


def _ends(process: subprocess.Popen[bytes], timeout_s: float, given_up: Callable[[], bool]) -> bool:
    """Whether it ends in time and by itself; it is dead in any case, with all that it started."""
    until_s = time.monotonic() + timeout_s
    poll = select.poll()
    pidfd = os.pidfd_open(process.pid)
    try:
        poll.register(pidfd, select.POLLIN)
        while not poll.poll(1000 * _LOOK_S):
            if given_up() or time.monotonic() > until_s:
                process.terminate()  # so that it ends the processes of its own first
                poll.poll(1000 * _LEAVING_S)
                process.kill()
                return False
        return True
    finally:
        os.close(pidfd)
        process.wait()


def main() -> int:
    """Answer one request from standard input."""
    request = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=_Request)
    os.nice(10)  # what the flows of this machine leave
    try:
        with _little_memory():
            readings, problems = read_texts(request.files)
    except MemoryError:
        readings, problems = [], _all_wrong(request.files, "it takes too much memory").problems
    found = [*problems, *(_wrong_classes(readings) if request.classes else ())]
    wrong = {problem.file for problem in found}
    good = [each.pipeline.name for each in readings if each.document.file not in wrong]
    answer = _Answer([_told(each) for each in _few(sorted(found))], sorted(good))
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))
    return 0


@contextmanager
def _little_memory() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY_BYTES, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def _wrong_classes(readings: Sequence[Reading]) -> list[Problem]:
    """What is wrong with the classes; when told to end, the processes that import them are ended first."""
    told: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
    found: list[Problem] = []
    for reading in readings:
        section = reading.document.content
        found += [
            reading.document.problem(("path", place), f"cannot search {folder!r}, because {_RELATIVE}")
            for place, folder in enumerate(section.get("path") or ())
            if isinstance(folder, str) and not Path(folder).is_absolute()
        ] or check_classes(reading, given_up=lambda: bool(told))
    return found


def _few(problems: list[Problem]) -> list[Problem]:
    """As many as somebody may want to read."""
    if len(problems) <= MOST_PROBLEMS:
        return problems
    last = problems[MOST_PROBLEMS - 1]
    text = (
        f"cannot name all that is wrong, because there are {len(problems) - MOST_PROBLEMS + 1} more problems from here"
    )
    return [*problems[: MOST_PROBLEMS - 1], Problem(last.file, last.line, last.column, "", text)]


def _told(problem: Problem) -> tuple[str, int, int, str, str]:
    return str(problem.file), problem.line, problem.column, _short(problem.path), _short(problem.text)


def _short(text: str) -> str:
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


if __name__ == "__main__":
    sys.exit(main())

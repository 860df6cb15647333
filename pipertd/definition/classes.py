"""What the classes of a pipeline are, as a child process tells it: user code is imported there, never here.

The child answers one class a line, so that one class that hangs or kills its interpreter is known by the answer that is
missing; another child then goes on behind it. The deadline is for each class.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, BinaryIO, Self

import msgspec

from pipertd.definition.model import Pipeline
from pipertd.definition.problem import first_line
from pipertd.errors import cause_of
from pipertd.memory import memory_file

Question = Mapping[str, Any]  # {"class": "module:Class", "params": {…}}
Answer = Mapping[str, Any]  # {"kind", "params", "takes", "gives", "problems"} or {"error": why}


_LOOK_S = 0.5  # how often it is asked whether the answers are still wanted


class NoInterpreter(Exception):
    """Raised when the pipeline's interpreter cannot be asked at all; says why."""


def ask(
    pipeline: Pipeline, questions: Sequence[Question], timeout_s: float, given_up: Callable[[], bool] = lambda: False
) -> list[Answer]:
    """The answer to each question; blocks at most ``timeout_s`` for each, and not for long once ``given_up``.

    Raises:
        NoInterpreter: the pipeline's interpreter cannot be started, or has no pipertd.
    """
    answers: list[Answer] = []
    while len(answers) < len(questions):
        with _Child(pipeline, questions[len(answers) :], given_up) as child:
            answers += child.answers(timeout_s)
    return answers


class _Child:
    """One interpreter with its questions, in a session of its own."""

    def __init__(self, pipeline: Pipeline, questions: Sequence[Question], given_up: Callable[[], bool]) -> None:
        self._questions = questions
        self._given_up = given_up
        self._unread = b""
        with ExitStack() as undo:
            try:
                # No pipes, which nobody would read meanwhile.
                request = undo.enter_context(
                    memory_file("pipertd-check", msgspec.msgpack.encode(_asked(pipeline, questions)))
                )
                self._complaints = memory_file("pipertd-check")
                undo.callback(self._complaints.close)
                self._process = self._started(pipeline, request)
                undo.callback(self._end)
                self._pidfd = os.pidfd_open(self._process.pid)
            except OSError as reason:
                raise NoInterpreter(f"it cannot be started: {cause_of(reason)}") from None
            undo.pop_all()
            request.close()

    def _started(self, pipeline: Pipeline, request: BinaryIO) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [pipeline.python or sys.executable, "-P", "-m", "pipertd.flow.describe"],  # -P: as its flows are started
            stdin=request,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env={**os.environ, **pipeline.environment},
            start_new_session=True,
        )

    def answers(self, timeout_s: float) -> list[Answer]:
        """Answers in order: to all questions, or to the first ones, where the last says how that class failed."""
        try:
            greeting = self._line(timeout_s)
        except TimeoutError:
            raise NoInterpreter(f"it did not answer within {timeout_s:g} s") from None
        if greeting is None:
            raise NoInterpreter(f"it {self._last_words('')}")
        found: list[Answer] = []
        try:
            while len(found) < len(self._questions):
                line = self._line(timeout_s)
                if line is None:
                    return [*found, {"error": f"its interpreter {self._last_words(' while importing it')}"}]
                found.append(json.loads(line))
        except TimeoutError:
            found.append({"error": f"importing it took longer than {timeout_s:g} s"})
        except ValueError:
            found.append({"error": "its import wrote into the pipe that its description goes through"})
        return found

    def _line(self, timeout_s: float) -> bytes | None:
        """The next line; None when the child has ended before it."""
        assert self._process.stdout is not None
        pipe, until = self._process.stdout.fileno(), time.monotonic() + timeout_s
        poll = select.poll()
        poll.register(pipe, select.POLLIN)
        # The child itself is watched too: what its class left behind in the background may hold the pipe open.
        poll.register(self._pidfd, select.POLLIN)
        while b"\n" not in self._unread:
            if self._given_up():
                raise TimeoutError
            left_s = until - time.monotonic()
            ready = dict(poll.poll(1000 * max(0.0, min(left_s, _LOOK_S))))
            if not ready and left_s <= 0:
                raise TimeoutError
            if not ready:
                continue
            chunk = os.read(pipe, 65536) if pipe in ready else b""
            if not chunk:
                return None
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _last_words(self, meanwhile: str) -> str:
        status = self._process.wait()
        end = self._complaints.seek(0, os.SEEK_END)
        self._complaints.seek(max(0, end - 4096))
        lines = self._complaints.read().decode("utf-8", "replace").strip().splitlines()
        how = f"was killed by {_signal_name(-status)}" if status < 0 else f"exited with code {status}"
        return how + meanwhile + (f": {first_line(lines[-1])}" if lines else "")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing that the class started in its session outlives the check."""
        self._end()
        os.close(self._pidfd)
        self._complaints.close()

    def _end(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def _asked(pipeline: Pipeline, questions: Sequence[Question]) -> Mapping[str, Any]:
    return {"path": pipeline.path, "classes": questions}


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"

"""Many flows are started a few at a time, and a stop need not wait until they are."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipertd.definition.model import Pipeline
from pipertd.names import Target
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.supervisor import STARTS_A_CORE
from pipertd.supervisor.view import NoticeKind, State
from tests.process.supervised import Live, chain, flow, go

AT_ONCE = STARTS_A_CORE * len(os.sched_getaffinity(0))
MANY = AT_ONCE + 2


class SlowPython:
    """An interpreter that tells of its start, and begins when it is let."""

    def __init__(self, folder: Path) -> None:
        self.program, self._told = folder / "python", folder / "told"
        line = folder / "line"
        os.mkfifo(line)
        self._line = os.open(line, os.O_RDWR)
        self.program.write_text(
            f'#!/bin/sh\necho started >> {self._told}\nread line < {line}\nexec {sys.executable} "$@"\n'
        )
        self.program.chmod(0o700)

    @property
    def started(self) -> int:
        """How many processes it was started for."""
        return len(self._told.read_text().splitlines()) if self._told.exists() else 0

    def let(self, count: int) -> None:
        """Let so many of them begin."""
        os.write(self._line, b"\n" * count)

    def close(self) -> None:
        os.close(self._line)


@pytest.fixture
def python(tmp_path: Path) -> Iterator[SlowPython]:
    slow = SlowPython(tmp_path)
    yield slow
    slow.close()


def many(python: SlowPython) -> Pipeline:
    passing = [flow(f"pass{n}", "Pass") for n in range(MANY - 1)]
    return chain(flow("count", "Count", amount=1_000_000_000), *passing, python=str(python.program))


def test_a_few_are_on_their_way_at_once(tmp_path: Path, python: SlowPython) -> None:
    """The next process is started when one of those before it is at its gate, and every one has its turn."""

    async def story(live: Live) -> None:
        await live.until(lambda: python.started == AT_ONCE, "the first ones")
        assert sum(one.pid is not None for one in live.view().flows) <= AT_ONCE
        python.let(1)
        await live.until(lambda: python.started >= AT_ONCE + 1, "one more")
        python.let(MANY)
        await live.until(lambda: all(one.state is State.RUNNING for one in live.view().flows), "all to run")

    go(tmp_path, many(python), story)


def test_a_stop_overtakes_a_start(tmp_path: Path, python: SlowPython) -> None:
    """What was asked to stop before it was started comes to rest, lets nothing run, and can be started again."""

    async def story(live: Live) -> None:
        await live.until(lambda: python.started == AT_ONCE, "the first ones")
        await live.supervisor.stop(Target("p"), now=True)
        assert {one.state for one in live.view().flows} == {State.STOPPED}
        assert len(live.notices(NoticeKind.FLOW_STARTED)) <= AT_ONCE
        python.let(2 * MANY)
        await live.supervisor.start(Target("p"))
        await live.until(lambda: all(one.state is State.RUNNING for one in live.view().flows), "all to run")

    go(tmp_path, many(python), story)


def test_no_thread_for_a_start_is_a_failure_in_words(tmp_path: Path) -> None:
    """Where the system gives the daemon no thread, the flow is FAILED with the reason, and does not start for ever."""

    async def story(live: Live) -> None:
        await live.until(lambda: live.flow("a").state is State.RUNNING, "it to run")
        await live.supervisor.stop(Target("p"), now=True)
        await asyncio.get_running_loop().shutdown_default_executor()
        await live.supervisor.start(Target("p"))
        await live.until(lambda: live.flow("a").state is State.FAILED, "the failure")
        assert live.flow("a").failure is Failure.LAUNCH_FAILED
        assert live.flow("a").reason.startswith("cannot start p/a: ")

    go(tmp_path, chain(flow("a", "Count")), story)

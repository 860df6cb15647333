"""What a routine's author relies on, each with real processes."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pipertd.definition.model import Flow, Link, OnError, Pipeline, Restart, Routine, Watchdog
from pipertd.names import RoutineRef
from pipertd.supervisor.view import NoticeKind, PipelineView, State
from tests.process.supervised import DEADLINE_S, HERE, chain, flow, supervised

LINES = 4_000


def run_to_its_end(folder: Path, pipeline: Pipeline) -> PipelineView:
    async def run() -> PipelineView:
        async with supervised(folder, pipeline) as live:
            async with asyncio.timeout(DEADLINE_S):
                return await live.supervisor.wait_ended("p")

    return asyncio.run(run())


def authored(one: Flow) -> Flow:
    """The same flow with its class from this test's module."""
    routines = tuple(
        replace(each, class_path=each.class_path.replace("routines:", "authored:")) for each in one.routines
    )
    return replace(one, routines=routines)


def numbers_in(file: Path) -> list[tuple[int, ...]]:
    return [tuple(map(int, line.split())) for line in file.read_text().splitlines()]


def test_position_is_committed_with_the_message(tmp_path: Path) -> None:
    """A source that skips input goes on behind its last message after kill -9, without a gap and without doubling."""
    lines, taken, gate = tmp_path / "lines", tmp_path / "taken", tmp_path / "gate"
    lines.write_text("".join(f"{number}\n" for number in range(LINES)))
    source = authored(flow("a", "ReadLines", file=lines))
    last = authored(flow("b", "Held", file=taken, patience=0, at=2000, gate=gate, watchdog=Watchdog(progress_s=600.0)))

    async def run() -> None:
        async with supervised(tmp_path, chain(source, last)) as live:
            for goal in (100, 400, 900):
                await live.until_handled(goal)
                await live.until(lambda: live.flow("a").pid, "the source")
                generation = live.flow("a").generation
                os.kill(live.pid("a"), signal.SIGKILL)
                await live.until(lambda before=generation: live.flow("a").generation > before)  # type: ignore[misc]
            gate.touch()  # so that the source was not at its end before
            async with asyncio.timeout(DEADLINE_S):
                view = await live.supervisor.wait_ended("p")
            assert view.links[0].produced == LINES // 2

    asyncio.run(run())
    assert numbers_in(taken) == [(number, 1) for number in range(0, LINES, 2)]


def test_none_is_not_sent(tmp_path: Path) -> None:
    """A middle routine that returns None has handled its message and sends nothing."""
    lines, taken = tmp_path / "lines", tmp_path / "taken"
    lines.write_text("".join(f"{number}\n" for number in range(20)))
    flows = (flow("a", "ReadLines", file=lines), flow("b", "Even"), flow("c", "Moody", file=taken, patience=0))
    view = run_to_its_end(tmp_path, chain(*map(authored, flows)))
    assert [(link.produced, link.delivered) for link in view.links] == [(10, 10), (5, 5)]
    assert [number for number, _ in numbers_in(taken)] == [0, 4, 8, 12, 16]


@pytest.mark.parametrize(
    ("on_error", "patience", "delivered", "failed", "state"),
    [
        (OnError.SKIP, 2, 4, 1, State.EXITED),
        (OnError.RETRY, 3, 5, 0, State.EXITED),
        (OnError.RETRY, 9, 4, 1, State.EXITED),
        (OnError.FAIL, 2, 5, 0, State.EXITED),
    ],
)
def test_what_an_exception_means_is_the_authors_choice(
    tmp_path: Path, on_error: OnError, patience: int, delivered: int, failed: int, state: State
) -> None:
    """Skip counts it as failed, retry gives it again up to max_deliveries, fail gives it to the next generation."""
    lines, taken = tmp_path / "lines", tmp_path / "taken"
    lines.write_text("0\n2\n4\n6\n8\n")
    sink = authored(flow("b", "Moody", file=taken, patience=patience))
    sink = replace(sink, routines=(replace(sink.routines[0], on_error=on_error),))
    view = run_to_its_end(tmp_path, chain(authored(flow("a", "ReadLines", file=lines)), sink))
    (link,) = view.links
    assert (link.produced, link.delivered, link.failed, view.state) == (5, delivered, failed, state)
    assert [number for number, _ in numbers_in(taken)] == [0, 2, *([4] if delivered == 5 else []), 6, 8]


def test_a_declared_wait_is_no_hang(tmp_path: Path) -> None:
    """Inside ``with self.waiting()`` the progress watchdog looks away."""
    lines = tmp_path / "lines"
    lines.write_text("0\n2\n")
    watchdog = Watchdog(progress_s=3.0)
    sink = authored(flow("b", "Patient", watchdog=watchdog, restart=Restart(limit=1), wait_s=6.0))

    async def run() -> None:
        async with supervised(tmp_path, chain(authored(flow("a", "ReadLines", file=lines)), sink)) as live:
            async with asyncio.timeout(DEADLINE_S):
                view = await live.supervisor.wait_ended("p")
            assert (view.state, view.links[0].delivered) == (State.EXITED, 2)
            assert not live.notices(NoticeKind.WATCHDOG_EXPIRED)

    asyncio.run(run())


def test_a_whole_pipeline_fits_into_one_flow(tmp_path: Path) -> None:
    """Links within a flow carry by reference, count like the others, and end like them."""
    lines, taken = tmp_path / "lines", tmp_path / "taken"
    lines.write_text("".join(f"{number}\n" for number in range(40)))
    routines = (
        Routine("read", "authored:ReadLines", {"file": str(lines)}),
        Routine("even", "authored:Even"),
        Routine("note", "authored:Moody", {"file": str(taken), "patience": 0}),
    )
    read, even, note = (RoutineRef("f", each.name) for each in routines)
    pipeline = Pipeline("p", (Flow("f", routines),), (Link(read, even), Link(even, note)), path=(str(HERE),))
    view = run_to_its_end(tmp_path, pipeline)
    assert view.state is State.EXITED
    assert [(link.produced, link.delivered, link.in_flight) for link in view.links] == [(20, 20, 0), (10, 10, 0)]
    assert [number for number, _ in numbers_in(taken)] == list(range(0, 40, 4))

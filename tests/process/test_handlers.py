"""Which events routines handle, as flows tell it that run, hang, are paused, or belong to a daemon that was killed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.errors import UnknownTarget
from pipertd.names import RoutineRef, Target
from pipertd.supervisor.procfs import state
from pipertd.supervisor.view import EventHandler, EventParameter, HandlersView, SilentFlow, State
from tests.process.supervised import HERE, Live, chain, flow, go

WRITE = ["BREAK", "DOZE", "NOTE"]


def events(found: HandlersView) -> list[tuple[str, str]]:
    return [(each.flow, each.event) for each in found.handlers]


async def up(live: Live) -> None:
    await live.until(lambda: live.view().state is State.RUNNING, "all flows")


async def told(live: Live, *target: str) -> HandlersView:
    """What flows tell that all run: each as soon as it has dialled, and has come to answer."""

    async def ask() -> HandlersView | None:
        found = await live.supervisor.handlers(Target(*target))
        return None if found.silent else found

    found = await live.until_answered(ask, "all to tell")
    assert found is not None
    return found


def test_handlers_are_told_as_their_author_wrote_them(tmp_path: Path) -> None:
    """Each has its parameters with their types, which of them may be left out, and what its docstring says first."""

    async def story(live: Live) -> None:
        await up(live)
        found = await told(live, "p")
        assert found.handlers == (
            EventHandler(
                "b",
                "r",
                "ADJUST",
                (
                    EventParameter("gain", "float", optional=False),
                    EventParameter("region", "tuple[int, int] | None", optional=True),
                    EventParameter("note", "", optional=True),
                ),
                takes_more=True,
                description="Change how it looks.",
            ),
        )

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Adjusted")), story)


def test_a_part_of_a_pipeline_is_asked_for_itself(tmp_path: Path) -> None:
    """A flow or a routine is answered for alone, and what is none is NOT_FOUND."""

    async def story(live: Live) -> None:
        await up(live)
        assert events(await told(live, "p", "a")) == []
        assert events(await told(live, "p", "b", "r")) == [("b", event) for event in WRITE]
        with pytest.raises(UnknownTarget):
            await live.supervisor.handlers(Target("p", "b", "nobody"))

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "out", pause_s=0.01)), story)


def test_a_paused_flow_and_a_hung_routine_tell(tmp_path: Path) -> None:
    """Neither has to come to anything for it: the answer is not the routine's."""

    async def story(live: Live) -> None:
        await up(live)
        await live.until_handled(1)
        await live.supervisor.pause(Target("p", "b"))
        await live.supervisor.notify("DOZE", Target("p", "b"), {}, 0.01)
        assert events(await told(live, "p")) == [("b", event) for event in WRITE]

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "out", pause_s=0.01)), story)


def test_who_does_not_answer_is_named_and_holds_nobody_up(tmp_path: Path) -> None:
    """A flow that is held as a whole is silent, with the reason; the others' handlers are told all the same."""

    async def story(live: Live) -> None:
        await up(live)
        await told(live, "p", "c")
        await live.until(lambda: live.supervisor._hearing.channel.reaches("p", "b"), "b to dial")
        await live.supervisor.stop(Target("p", "a"))
        pid = live.pid("b")
        os.kill(pid, signal.SIGSTOP)
        await live.until(lambda: state(pid) == "T", "all of b to be held")
        try:
            found = await live.supervisor.handlers(Target("p"))
        finally:
            os.kill(pid, signal.SIGCONT)
        assert events(found) == [("c", event) for event in WRITE]
        assert found.silent == (
            SilentFlow("a", "it is STOPPED and cannot be asked now"),
            SilentFlow("b", "r did not answer within 2 s"),
        )
        assert await told(live, "p", "b") == HandlersView((), ())  # it may go on now

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Pass"), flow("c", "Write", file=tmp_path / "out")), story)


def test_another_generation_is_asked_anew(tmp_path: Path) -> None:
    """What a dead process told is forgotten with it: the next one may have other code."""
    (tmp_path / "changing.py").write_text(CHANGING.format("OLD"))
    pipeline = Pipeline(
        "p",
        (flow("a", "Count"), Flow("b", (Routine("r", "changing:Changing"),))),
        (Link(RoutineRef("a", "r"), RoutineRef("b", "r")),),
        path=(str(HERE), str(tmp_path)),
        shm_limit=16 << 20,
    )

    async def story(live: Live) -> None:
        await up(live)
        assert events(await told(live, "p")) == [("b", "OLD")]
        (tmp_path / "changing.py").write_text(CHANGING.format("NEWER"))
        await live.supervisor.restart(Target("p", "b"))
        await up(live)
        assert events(await told(live, "p")) == [("b", "NEWER")]

    go(tmp_path, pipeline, story)


CHANGING = """
from pipertd import DestinationRoutine, events
class Changing(DestinationRoutine):
    def main_logic(self, data):
        pass
    @events("{}")
    def handle(self):
        pass
"""

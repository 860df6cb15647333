"""Pause, resume and kill: what is paused moves nothing and hangs nowhere, and what is killed is restarted."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from pipertd.definition.model import Pipeline, Restart, RestartPolicy, Watchdog
from pipertd.errors import UnknownTarget, WrongState
from pipertd.names import Target
from pipertd.supervisor.view import NoticeKind, State
from tests.process.supervised import Live, chain, flow, go
from tests.process.test_standby import processes, standing_by

P, A, B = Target("p"), Target("p", "a"), Target("p", "b")


def counting(folder: Path, amount: int = 1_000_000_000) -> Pipeline:
    return chain(flow("a", "Count", amount=amount), flow("b", "Write", file=folder / "numbers"))


def activities(live: Live, name: str) -> set[str]:
    return {routine.state for routine in live.view().routines if routine.flow == name}


async def until_paused(live: Live, *names: str) -> None:
    """A source may have found no room for its last message, and waits with that."""
    for name in names:
        await live.until(lambda: activities(live, name) <= {"PAUSED", "BLOCKED"}, f"{name} to pause")  # noqa: B023


def numbers(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "numbers").read_text().split("\n")[:-1]]


def test_a_paused_consumer_takes_nothing(tmp_path: Path) -> None:
    """What is sent waits on its link, and is taken in order when it is resumed; nothing is lost."""

    async def story(live: Live) -> None:
        await live.until_handled(10)
        await live.until(lambda: live.flow("b").state is State.RUNNING, "b to run")
        await live.supervisor.pause(B)
        await until_paused(live, "b")
        assert (live.flow("b").state, live.flow("b").paused, live.flow("a").paused) == (State.RUNNING, True, False)
        await live.until(lambda: live.link().waiting == live.link().depth, "a full link")
        assert live.link().blocked_by == "b/r (paused)"
        handled = live.link().delivered
        await live.supervisor.pause(B)
        assert (live.link().delivered, len(live.notices(NoticeKind.FLOW_PAUSED))) == (handled, 1)
        await live.supervisor.resume(B)
        assert not live.flow("b").paused
        await live.until_handled(handled + 10)
        written = numbers(tmp_path)
        assert written == list(range(len(written)))

    go(tmp_path, counting(tmp_path), story)


def test_a_paused_source_gives_nothing(tmp_path: Path) -> None:
    """Its link runs empty, and stays so until it is resumed."""

    async def story(live: Live) -> None:
        await live.until_handled(10)
        await live.supervisor.pause(A)
        await live.until(lambda: activities(live, "a") == {"PAUSED"}, "a to pause, with nothing in hand")
        produced = live.link().produced
        await live.until(lambda: live.link().in_flight == 0, "an empty link")
        assert activities(live, "a") == {"PAUSED"}
        assert live.link().produced == produced
        await live.supervisor.resume(P)
        await live.until_handled(produced + 10)

    go(tmp_path, counting(tmp_path), story)


@pytest.mark.parametrize("how", ["killed", "restarted"])
def test_a_paused_flow_comes_back_paused(tmp_path: Path, how: str) -> None:
    """Neither a crash nor a restart by hand ends a pause: the next generation is set up, and takes nothing."""

    async def story(live: Live) -> None:
        await live.until_handled(10)
        await live.supervisor.pause(B)
        await until_paused(live, "b")
        handled = live.link().delivered
        if how == "killed":
            os.kill(live.pid("b"), signal.SIGKILL)
        else:
            await live.supervisor.restart(B)
        await live.until(lambda: live.flow("b").generation == 2 and live.flow("b").state is State.RUNNING, "b again")
        await until_paused(live, "b")
        assert live.link().delivered == handled
        await live.supervisor.resume(B)
        await live.until_handled(handled + 10)
        written = numbers(tmp_path)
        assert written == list(range(len(written)))

    go(tmp_path, counting(tmp_path), story)


def test_a_standby_takes_over_paused(tmp_path: Path) -> None:
    """It hears of the pause when it takes over, though it was started before."""
    pipeline = chain(flow("a", "Count"), standing_by(flow("b", "Write", file=tmp_path / "numbers")))

    async def story(live: Live) -> None:
        await live.until_handled(10)
        await live.until(lambda: len(processes("p/b")) == 2, "a standby")
        await live.supervisor.pause(B)
        await until_paused(live, "b")
        handled = live.link().delivered
        os.kill(live.pid("b"), signal.SIGKILL)
        await live.until(lambda: live.flow("b").generation == 2 and live.flow("b").state is State.RUNNING, "b again")
        await until_paused(live, "b")
        assert live.link().delivered == handled

    go(tmp_path, pipeline, story)


def test_a_paused_flow_does_not_hang(tmp_path: Path) -> None:
    """It lives, and says so: its watchdogs look on and find nothing."""
    watchful = Watchdog(progress_s=5.0)  # who is honest says something once a second
    pipeline = chain(
        flow("a", "Count", watchdog=watchful), flow("b", "Write", watchdog=watchful, file=tmp_path / "numbers")
    )

    async def story(live: Live) -> None:
        await live.until_handled(10)
        await live.supervisor.pause(P)
        await until_paused(live, "a", "b")
        paused_s = live.flow("a").seconds
        await live.until(lambda: live.flow("a").seconds > paused_s + 1.5 * watchful.progress_s, "the deadline to pass")
        assert not live.notices(NoticeKind.WATCHDOG_EXPIRED)
        assert [one.generation for one in live.view().flows] == [1, 1]

    go(tmp_path, pipeline, story)


def test_a_paused_pipeline_stops_and_starts_anew(tmp_path: Path) -> None:
    """A stop does not wait for what cannot drain, all is counted, and what is started by hand is not paused."""

    async def story(live: Live) -> None:
        await live.until_handled(10)
        await live.supervisor.pause(P)
        await until_paused(live, "a", "b")
        await live.supervisor.stop(P)
        (link,) = live.view().links
        assert link.produced == link.delivered + sum(link.dropped.values())
        assert not live.notices(NoticeKind.WATCHDOG_EXPIRED)
        assert [one.paused for one in live.view().flows] == [False, False]
        with pytest.raises(WrongState, match="cannot pause p: it is STOPPED"):
            await live.supervisor.pause(P)
        with pytest.raises(WrongState, match="cannot pause p/b: it is STOPPED"):
            await live.supervisor.pause(B)
        await live.supervisor.start(P)
        assert [one.paused for one in live.view().flows] == [False, False]
        await live.until_handled(10)

    go(tmp_path, counting(tmp_path), story)


def test_source_before_a_paused_flow_stops_in_time(tmp_path: Path) -> None:
    """It gives its message up when half of its stop deadline is over, however short that is, and its log says so."""
    quick = flow("a", "Count", watchdog=Watchdog(stop_s=8.0))

    async def story(live: Live) -> None:
        await live.until_handled(1)
        await live.supervisor.pause(B)
        await until_paused(live, "b")
        await live.until(lambda: live.link().blocked_by and live.link().waiting == live.link().depth, "a to be blocked")
        await live.supervisor.stop(P)
        assert (live.flow("a").state, live.flow("a").failure) == (State.STOPPED, None)
        assert "stopping with a message that found no room for 4 s: not published" in live.log("p/a/r")

    go(tmp_path, chain(quick, flow("b", "Write", file=tmp_path / "numbers")), story)


def test_kill_is_any_other_death(tmp_path: Path) -> None:
    """The process gets SIGKILL, its restart rule brings the next one, nothing is lost, and who did it is said."""

    async def story(live: Live) -> None:
        await live.until_handled(10)
        before = live.pid("a")
        dead = live.pid("b")
        await live.supervisor.kill(B)
        assert live.flow("b").pid != dead  # it answers when that is over
        await live.until(lambda: live.flow("b").generation == 2 and live.flow("b").state is State.RUNNING, "b again")
        assert live.pid("a") == before
        assert live.flow("b").reason == "was killed by SIGKILL (an operator killed it)"
        await live.until_handled(live.link().delivered + 10)
        await live.supervisor.stop(P)
        assert numbers(tmp_path) == list(range(live.link().produced))
        with pytest.raises(WrongState, match="cannot kill p/b: it is STOPPED"):
            await live.supervisor.kill(B)

    go(tmp_path, counting(tmp_path), story)


def test_kill_obeys_the_restart_rule(tmp_path: Path) -> None:
    """A flow that is never restarted has FAILED when it is killed."""
    never = Restart(RestartPolicy.NEVER)
    pipeline = chain(flow("a", "Count"), flow("b", "Write", restart=never, file=tmp_path / "numbers"))

    async def story(live: Live) -> None:
        await live.until_handled(1)
        await live.supervisor.kill(P)
        await live.until(lambda: live.flow("b").state is State.FAILED, "b to fail")
        await live.until(lambda: live.flow("a").generation == 2, "a to be back")

    go(tmp_path, pipeline, story)


def test_a_routine_stands_for_its_flow(tmp_path: Path) -> None:
    """Whatever is asked of a routine is done to its flow; one that is not there is refused, and nothing is done."""

    async def story(live: Live) -> None:
        await live.until(lambda: live.view().state is State.RUNNING, "both to run")
        routine = Target("p", "b", "r")
        await live.supervisor.pause(routine)
        assert live.flow("b").paused
        await live.supervisor.resume(routine)
        await live.supervisor.restart(routine)
        assert live.flow("b").generation == 2
        await live.supervisor.stop(routine, now=True)
        assert (live.flow("b").state, live.flow("a").state) == (State.STOPPED, State.RUNNING)
        await live.supervisor.start(routine)
        await live.until(lambda: live.flow("b").state is State.RUNNING, "b again")
        await live.supervisor.kill(routine)
        for ask in (live.supervisor.pause, live.supervisor.kill, live.supervisor.start, live.supervisor.restart):
            with pytest.raises(UnknownTarget):
                await ask(Target("p", "b", "nobody"))

    go(tmp_path, counting(tmp_path), story)

"""Real flows under a supervisor: killed, failing, forking, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from pipertd.definition.model import Pipeline, Restart, RestartPolicy, Watchdog
from pipertd.errors import UnknownTarget, WrongState
from pipertd.names import Target
from pipertd.supervisor.view import NoticeKind, State
from tests.process.supervised import DEADLINE_S, Live, chain, flow, go

P = Target("p")


def numbers(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().splitlines()]


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_finite_pipeline_runs_to_its_end(tmp_path: Path) -> None:
    """When its source ends, every flow exits, every message was delivered, and the memory is given back."""
    file = tmp_path / "numbers"

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        assert [one.state for one in view.flows] == [State.EXITED] * 3
        assert [(link.produced, link.delivered, link.in_flight) for link in view.links] == [(100, 100, 0)] * 2
        assert numbers(file) == list(range(100))

    go(tmp_path, chain(flow("a", "Count", amount=100), flow("b", "Pass"), flow("c", "Write", file=file)), story)


@pytest.mark.parametrize("victim", ["a", "b", "c"])
def test_killed_flow_is_restarted_and_nothing_is_lost(tmp_path: Path, victim: str) -> None:
    """After kill -9 a flow comes back as the next generation of the same run, and each message arrives."""
    file = tmp_path / "numbers"

    async def story(live: Live) -> None:
        for generation in (1, 2, 3):
            ready = lambda wanted=generation: (  # noqa: E731
                live.flow(victim).generation == wanted and live.flow(victim).state is State.RUNNING
            )
            await live.until(ready, f"generation {generation}")
            await live.until_handled(live.link(1).delivered + 5, 1)
            os.kill(live.pid(victim), signal.SIGKILL)
        view = await live.supervisor.wait_ended("p")
        assert view.state is State.EXITED
        assert {one.name: one.restarts for one in view.flows}[victim] == 3
        assert numbers(file) == list(range(600))
        assert all(link.produced == link.delivered for link in view.links)
        exits = [one.message for one in live.notices(NoticeKind.FLOW_EXITED) if one.flow == victim]
        assert exits[0] == f"flow p/{victim} was killed by SIGKILL (generation 1)"

    slow = flow("b", "Pass", pause_s=0.005)
    go(tmp_path, chain(flow("a", "Count", amount=600), slow, flow("c", "Write", file=file)), story)


def test_start_limit_ends_in_failed_with_the_last_lines(tmp_path: Path) -> None:
    """A flow that dies again and again is given up, its notice quotes its log, and a start by hand tries again."""
    loop = Restart(backoff_first_s=0.01, backoff_most_s=0.01, limit=2)

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        assert view.state is State.FAILED
        crashed = live.flow("b")
        assert (crashed.state, crashed.generation, crashed.restarts) == (State.FAILED, 3, 2)
        assert crashed.reason == "exited with code 9, after 2 restarts within 60 s"
        (notice,) = live.notices(NoticeKind.FLOW_FAILED)
        assert "the last straw" in notice.details["log"]
        await live.until(lambda: live.flow("a").state is State.RUNNING, "the other flow to run on")
        await live.until(lambda: live.link().blocked_by == "b/r (FAILED)", "blocked")
        await live.supervisor.start(Target("p", "b"))
        await live.until(lambda: live.flow("b").state is State.FAILED, "failed again")
        assert live.flow("b").generation == 6

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Crash", restart=loop)), story)


def test_failing_setup_names_the_reason(tmp_path: Path) -> None:
    """An exception in setup fails the flow; its traceback is in the log and in the notice, and it is in the reason."""
    never = Restart(RestartPolicy.NEVER)

    async def story(live: Live) -> None:
        await live.until(lambda: live.flow("b").state is State.FAILED, "failed")
        (notice,) = live.notices(NoticeKind.FLOW_FAILED)
        assert "RuntimeError: no model to load" in notice.details["log"]
        assert live.flow("b").reason.endswith("; last error of r: setup: RuntimeError: no model to load")
        assert notice.message.endswith(live.flow("b").reason)

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Crash", restart=never, in_setup=True)), story)


def test_stop_lets_links_drain(tmp_path: Path) -> None:
    """What a source has sent arrives before its receivers are stopped."""
    file = tmp_path / "numbers"

    async def story(live: Live) -> None:
        await live.until_handled(3)
        await live.supervisor.stop(P)
        view = live.view()
        assert [one.state for one in view.flows] == [State.STOPPED] * 2
        (link,) = view.links
        assert (link.produced, dict(link.dropped), link.in_flight) == (link.delivered, {}, 0)
        assert numbers(file) == list(range(link.produced))

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Write", file=file, pause_s=0.05)), story)


def test_a_stop_that_is_overtaken_returns(tmp_path: Path) -> None:
    """Who asked for a stop hears that it is done, also if somebody starts the flow again in the same moment."""
    target = Target("p", "b")

    async def story(live: Live) -> None:
        await live.until_handled(1)
        stopping = asyncio.create_task(live.supervisor.stop(target))
        while live.flow("b").state is not State.STOPPED:  # noqa: ASYNC110
            await asyncio.sleep(0)  # so as to be quicker than the stop
        await live.supervisor.start(target)
        await live.until(stopping.done, "the stop")
        await live.until(lambda: live.flow("b").state is State.RUNNING, "b again")

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "numbers")), story)


def test_stop_now_counts_what_is_left(tmp_path: Path) -> None:
    """A cut leaves no message unaccounted for: what was on the way is counted as stopped."""

    async def story(live: Live) -> None:
        await live.until_handled(1)
        await live.until(lambda: live.link().waiting == live.link().depth, "full")
        await live.supervisor.stop(P, now=True)
        (link,) = live.view().links
        assert link.produced == link.delivered + link.dropped["stopped"]
        assert link.dropped["stopped"] >= link.depth

    slow = flow("b", "Write", file=tmp_path / "numbers", pause_s=1.0)  # it takes none between the look and the cut
    go(tmp_path, chain(flow("a", "Count"), slow), story)


def test_second_stop_hurries_the_first(tmp_path: Path) -> None:
    """An operator who has waited enough cuts a stop that is under way."""

    async def story(live: Live) -> None:
        await live.until(lambda: live.link(1).in_hand, "a message in the slow one's hand")
        slowly = asyncio.create_task(live.supervisor.stop(P))
        await live.until(lambda: live.view().state is State.STOPPING, "stopping")
        with pytest.raises(WrongState):
            await live.supervisor.start(P)
        await live.supervisor.stop(P, now=True)
        await slowly
        assert live.view().state is State.STOPPED

    patient = Watchdog(stop_s=3600, progress_s=3600)
    slow = flow("c", "Write", file=tmp_path / "numbers", pause_s=100.0, watchdog=patient)
    go(tmp_path, chain(flow("a", "Count"), flow("b", "Pass"), slow), story)


@pytest.mark.parametrize("now", [False, True])
def test_grandchild_is_gone_with_its_flow(tmp_path: Path, now: bool) -> None:
    """What a flow forked into its process group does not outlive it, even if it ignores SIGTERM."""
    file = tmp_path / "child"

    async def story(live: Live) -> None:
        await live.until_handled(1)
        child = int(file.read_text())
        assert is_running(child)
        await live.supervisor.stop(P, now=now)
        await live.until(lambda: not is_running(child), "the grandchild's end")

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Fork", file=file)), story)


@pytest.mark.parametrize("crash", [False, True])
def test_grandchild_with_a_session_of_its_own_is_said(tmp_path: Path, crash: bool) -> None:
    """What a flow left out of our reach is named in a notice, with its process id, however the flow ended."""
    file = tmp_path / "child"

    async def story(live: Live) -> None:
        await live.until_handled(1)
        if crash:
            os.kill(live.pid("b"), signal.SIGKILL)
        else:
            await live.supervisor.stop(P)
        (notice,) = await live.until(lambda: live.notices(NoticeKind.PROCESSES_LEFT), "the notice")
        child = int(file.read_text())
        assert (notice.flow, notice.details["pids"]) == ("b", str(child))
        assert f"left {child} (" in notice.message
        assert is_running(child)
        os.kill(child, signal.SIGKILL)

    never = Restart(RestartPolicy.NEVER)
    go(tmp_path, chain(flow("a", "Count"), flow("b", "Fork", file=file, away=True, restart=never)), story)


def test_restart_of_one_flow_continues_the_run(tmp_path: Path) -> None:
    """The next generation goes on where the last one was told to stop; its neighbours do not notice."""
    file = tmp_path / "numbers"

    async def story(live: Live) -> None:
        await live.until_handled(5)
        sender = live.pid("a")
        await live.supervisor.restart(Target("p", "b"))
        assert live.flow("b").generation == 2
        await live.until_handled(live.link().delivered + 5)
        assert live.pid("a") == sender
        await live.supervisor.stop(P)
        assert numbers(file) == list(range(live.link().produced))

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Write", file=file, pause_s=0.01)), story)


def test_restart_of_a_pipeline_is_a_new_run(tmp_path: Path) -> None:
    """Stopped and started again, a pipeline counts from nothing."""

    async def story(live: Live) -> None:
        await live.until_handled(5)
        await live.supervisor.restart(P)
        assert live.link().delivered == 0
        await live.until_handled(1)

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "numbers", pause_s=0.2)), story)


def test_event_reaches_its_handler_and_the_answer_comes_back(tmp_path: Path) -> None:
    """Each targeted routine answers with a value, an error or a deadline exceeded, also behind a restart."""

    async def story(live: Live) -> None:
        notify = live.supervisor.notify
        await live.until_handled(1)
        (answer,) = await notify("NOTE", P, {"text": "hello"}, DEADLINE_S)
        assert (answer.flow, answer.value, answer.error) == ("b", {"noted": "hello", "generation": 1}, None)
        (answer,) = await notify("BREAK", P, {}, DEADLINE_S)
        assert "nothing to find" in (answer.error or "")
        (answer,) = await notify("NOTE", Target("p", "a", "r"), {"text": "hello"}, DEADLINE_S)
        assert answer.error
        (answer,) = await notify("DOZE", Target("p", "b"), {}, timeout_s=0.2)
        assert answer.deadline_exceeded
        asked = asyncio.create_task(notify("NOTE", Target("p", "b"), {"text": "too late"}, DEADLINE_S))
        await asyncio.sleep(0)
        os.kill(live.pid("b"), signal.SIGKILL)
        (answer,) = await asked
        assert answer.error == "flow b ended before it answered"
        await live.until(lambda: live.flow("b").state is not State.RUNNING, "its end")
        (answer,) = await notify("NOTE", Target("p", "b"), {"text": "again"}, DEADLINE_S)
        assert answer.value == {"noted": "again", "generation": 2}

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "numbers", pause_s=0.01)), story)


def test_routine_raises_an_event_for_others(tmp_path: Path) -> None:
    """notify_event of one flow is handled in another, through the supervisor."""

    async def story(live: Live) -> None:
        await live.until(lambda: "noted from afar" in live.log("p/b"), "the note")

    go(tmp_path, chain(flow("a", "Ask"), flow("b", "Write", file=tmp_path / "numbers")), story)


def test_missing_interpreter_fails_the_flow(tmp_path: Path) -> None:
    """A wrong `python:` is a FAILED flow with the reason in words, and nothing else breaks."""

    async def story(live: Live) -> None:
        await live.until(lambda: all(each.state is State.FAILED for each in live.view().flows), "both to fail")
        assert all(each.reason.startswith("cannot start /no/python") for each in live.view().flows)

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "n"), python="/no/python"), story)


def test_too_little_memory_is_said_and_starts_nothing(tmp_path: Path) -> None:
    """A pipeline that cannot have its shared memory is not started, and a notice gives the arithmetic."""
    greedy = chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "n"))

    async def story(live: Live) -> None:
        assert live.view().state is State.STOPPED
        (notice,) = live.notices(NoticeKind.FLOW_FAILED)
        assert "shm_limit" in notice.message

    go(tmp_path, Pipeline(greedy.name, greedy.flows, greedy.links, shm_limit=1 << 60), story)


def test_unknown_targets_are_refused(tmp_path: Path) -> None:
    """A name that is not there is an error that lists those that are."""

    async def story(live: Live) -> None:
        with pytest.raises(UnknownTarget, match="there are: p"):
            await live.supervisor.start(Target("q"))
        with pytest.raises(UnknownTarget, match="there are: a, b"):
            await live.supervisor.stop(Target("p", "x"))
        with pytest.raises(UnknownTarget):
            await live.supervisor.restart(Target("p", "a", "x"))
        with pytest.raises(UnknownTarget, match="a/r, b/r"):
            await live.supervisor.notify("NOTE", Target("p", "a", "x"), {})

    quiet = chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "n"), autostart=False)
    go(tmp_path, quiet, story)

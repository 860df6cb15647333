"""Flows that hang or are held: found, asked for their stacks, killed, replaced."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from pipertd.definition.model import Watchdog
from pipertd.names import Target
from pipertd.supervisor.view import NoticeKind, State
from tests.process.supervised import Live, chain, flow, go

P = Target("p")


def stacks_file(pid: int) -> Path:
    """Where the process writes the stacks of its threads."""
    links = map(link_at, Path(f"/proc/{pid}/fd").iterdir())
    return next(Path(link) for link in links if link.endswith(".stacks"))


def link_at(descriptor: Path) -> str:
    """What it stands for; empty where it was closed meanwhile."""
    try:
        return os.readlink(descriptor)
    except FileNotFoundError:
        return ""


def line_of(mark: str) -> int:
    source = Path(__file__).with_name("routines.py").read_text().splitlines()
    return next(number for number, text in enumerate(source, 1) if mark in text)


def test_hung_routine_leaves_its_stack_and_comes_back(tmp_path: Path) -> None:
    """A routine without progress is found, says in which line it hangs, and its flow is restarted."""
    rule = Watchdog(progress_s=5.0)

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        assert view.state is State.EXITED
        (notice,) = live.notices(NoticeKind.WATCHDOG_EXPIRED)
        assert (notice.flow, notice.routine, notice.details["deadline"]) == ("b", "r", "progress")
        assert "its progress watchdog allows 5 s" in notice.message
        assert f'routines.py", line {line_of("# here it hangs")} in main_logic' in live.log("p/b")
        assert live.link().delivered == 20

    go(tmp_path, chain(flow("a", "Count", amount=20), flow("b", "Hang", watchdog=rule)), story)


def test_who_holds_the_interpreter_leaves_its_stack_too(tmp_path: Path) -> None:
    """Code that never lets Python run again is named by C code."""

    async def story(live: Live) -> None:
        await live.supervisor.wait_ended("p")
        assert f'routines.py", line {line_of("# here it holds Python")} in main_logic' in live.log("p/b")
        assert live.link().delivered == 20

    rule = Watchdog(progress_s=5.0)
    go(tmp_path, chain(flow("a", "Count", amount=20), flow("b", "HoldPython", watchdog=rule)), story)


def test_looking_at_stacks_does_not_kill(tmp_path: Path) -> None:
    """Asked for its stacks again and again while all its threads run, a flow answers each time, and is logged."""

    async def story(live: Live) -> None:
        await live.until_handled(10)
        pid = live.pid("b")
        file = stacks_file(pid)

        def logged() -> int:
            return live.log("p/b").count("of all threads, as somebody asked")

        for _ in range(200):
            os.truncate(file, 0)
            before = logged()
            os.kill(pid, signal.SIGUSR1)
            await live.until(lambda: b"Current thread " in file.read_bytes() or logged() > before, "stacks")  # noqa: B023
        await live.until(logged, "the record of them")
        assert live.pid("b") == pid

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Write", file=tmp_path / "numbers")), story)


def test_held_process_is_noticed_and_told_apart(tmp_path: Path) -> None:
    """SIGSTOP for longer than the watchdog brings a restart, and a notice that says why."""
    rule = Watchdog(progress_s=5.0)

    async def story(live: Live) -> None:
        await live.until_handled(10)
        os.kill(live.pid("b"), signal.SIGSTOP)
        await live.until(lambda: live.flow("b").generation == 2, "restarted")
        (notice,) = live.notices(NoticeKind.WATCHDOG_EXPIRED)
        assert "shows no progress" in notice.message
        assert "SIGSTOP" in notice.message
        assert notice.message in live.log("p/b")
        delivered = live.link().delivered
        await live.until_handled(delivered + 10)

    sink = flow("b", "Write", watchdog=rule, file=tmp_path / "numbers", pause_s=0.01)
    go(tmp_path, chain(flow("a", "Count"), sink), story)


def test_flow_that_does_not_end_is_killed(tmp_path: Path) -> None:
    """A cleanup that hangs meets its stop deadline, leaves its stack, and the flow is stopped all the same."""

    async def story(live: Live) -> None:
        await live.until_handled(3)
        await live.supervisor.stop(P)
        assert live.flow("b").state is State.STOPPED
        (notice,) = live.notices(NoticeKind.WATCHDOG_EXPIRED)
        assert (notice.routine, notice.details["deadline"]) == ("r", "stop")
        assert "in cleanup" in live.log("p/b")

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Hang", at=-1, watchdog=Watchdog(stop_s=5.0))), story)

"""A flow with a standby: the second process has imported everything, takes over at once, and is gone with its flow."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

from pipertd.definition.model import Flow, Pipeline, Restart, Routine, Watchdog
from pipertd.names import Target
from pipertd.supervisor.view import NoticeKind, State
from tests.process.supervised import Live, chain, flow, go

SLOW = Restart(backoff_first_s=3600.0, backoff_most_s=3600.0, limit=1000)  # only a standby is back within an hour


def standing_by(one: Flow, restart: Restart = SLOW) -> Flow:
    return replace(one, standby=True, restart=restart)


def counting(folder: Path, amount: int = 1_000_000_000) -> Pipeline:
    return chain(flow("a", "Count", amount=amount), standing_by(flow("b", "Write", file=folder / "numbers")))


def processes(target: str) -> set[int]:
    """The processes of a flow that this process started, its standby included."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == os.getpid() and b"pipertd.flow" in command and target.encode() in command:
            found.add(int(folder.name))
    return found


async def standby_of(live: Live, name: str) -> int:
    """Its process, which may still import: it takes over when it has."""
    await live.until(lambda: live.flow(name).state is State.RUNNING, "the flow to run")
    (pid,) = await live.until(lambda: processes(f"p/{name}") - {live.flow(name).pid}, "a standby")
    return pid


def numbers(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()]


def test_the_standby_is_the_next_generation(tmp_path: Path) -> None:
    """It takes over without a backoff, in the process that was there before; nothing is lost, and another one comes."""

    async def story(live: Live) -> None:
        await live.until_handled(10)
        for generation in (2, 3):
            expected = await standby_of(live, "b")
            before = live.link().delivered
            os.kill(live.pid("b"), signal.SIGKILL)
            await live.until(lambda: live.flow("b").pid == expected, "the standby to be the flow")  # noqa: B023
            assert live.flow("b").generation == generation
            await live.until_handled(before + 10)
        notice = live.notices(NoticeKind.FLOW_RESTARTING)[0]
        assert "is restarted at once by its standby: it was killed by SIGKILL" in notice.message
        await live.supervisor.stop(Target("p"))
        assert numbers(tmp_path / "numbers") == list(range(live.link().produced))

    go(tmp_path, counting(tmp_path), story)


def test_it_goes_with_its_flow(tmp_path: Path) -> None:
    """None is left of a flow that was stopped, that came to its end, or whose pipeline was."""

    async def story(live: Live) -> None:
        await standby_of(live, "b")
        await live.supervisor.stop(Target("p", "b"))
        await live.until(lambda: not processes("p/b"), "no process of it")
        await live.supervisor.start(Target("p", "b"))
        await standby_of(live, "b")
        await live.supervisor.stop(Target("p"), now=True)
        assert not processes("p/b")

    go(tmp_path, counting(tmp_path), story)


def test_it_is_gone_at_the_end_of_the_stream(tmp_path: Path) -> None:
    """A pipeline that is EXITED has no process."""

    async def story(live: Live) -> None:
        await live.supervisor.wait_ended("p")
        await live.until(lambda: live.view().state is State.EXITED, "the end")
        assert not processes("p/b")
        assert not live.notices(NoticeKind.STANDBY_FAILED)

    go(tmp_path, counting(tmp_path, amount=5), story)


def test_one_that_dies_is_said_and_missed_by_nobody(tmp_path: Path) -> None:
    """The flow goes on; where its standby died, it is started anew like any other, and gets another standby."""
    quick = Restart(backoff_first_s=0.01, backoff_most_s=0.01, limit=1000)
    pipeline = chain(flow("a", "Count"), standing_by(flow("b", "Write", file=tmp_path / "numbers"), quick))

    async def story(live: Live) -> None:
        pid, flow_pid = await standby_of(live, "b"), live.pid("b")
        os.kill(pid, signal.SIGKILL)
        (notice,) = await live.until(lambda: live.notices(NoticeKind.STANDBY_FAILED), "a notice")
        assert "has no standby until its next generation: it was killed by SIGKILL" in notice.message
        assert live.pid("b") == flow_pid
        os.kill(flow_pid, signal.SIGKILL)
        await live.until(lambda: live.flow("b").generation == 2 and live.flow("b").state is State.RUNNING, "it again")
        assert await standby_of(live, "b") not in (pid, live.pid("b"))

    go(tmp_path, pipeline, story)


def test_a_standby_that_hangs_is_killed_when_its_turn_comes(tmp_path: Path) -> None:
    """One that is held takes over on paper only: its start deadline brings the next process."""
    quick = Restart(backoff_first_s=0.01, backoff_most_s=0.01, limit=1000)
    held = replace(
        standing_by(flow("b", "Write", file=tmp_path / "numbers"), quick), watchdog=Watchdog(start_s=15.0, stop_s=2.0)
    )

    async def story(live: Live) -> None:
        pid = await standby_of(live, "b")
        os.kill(pid, signal.SIGSTOP)
        os.kill(live.pid("b"), signal.SIGKILL)
        await live.until(lambda: live.flow("b").generation >= 3 and live.flow("b").state is State.RUNNING, "the next")
        assert live.notices(NoticeKind.WATCHDOG_EXPIRED)
        before = live.link().delivered
        await live.until_handled(before + 10)

    go(tmp_path, chain(flow("a", "Count"), held), story)


def test_poison_is_put_aside_by_a_standby_too(tmp_path: Path) -> None:
    """What its predecessors died of is known to it: a message that killed three times is not given a fourth time."""
    poisoned = Routine("r", "fatal:Poisoned", {"file": str(tmp_path / "numbers"), "at": 5})
    sink = Flow("b", (poisoned,), Restart(backoff_first_s=0.01, backoff_most_s=0.01, limit=1000), standby=True)

    async def story(live: Live) -> None:
        await live.supervisor.wait_ended("p")
        (aside,) = live.quarantine.all()
        assert (aside.sequence, aside.deaths) == (5, 3)
        assert live.link().quarantined == 1

    go(tmp_path, chain(flow("a", "Count", amount=10), sink), story)

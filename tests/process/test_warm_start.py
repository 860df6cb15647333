"""`start: zygote`: generations behind the first are forked from a process that has imported everything."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

from pipertd.definition.model import Flow, Pipeline, Start
from pipertd.names import Target
from pipertd.supervisor.view import State
from tests.leaks import MARK
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import Daemon
from tests.process.supervised import Live, chain, flow, go
from tests.process.test_adoption import QUICK, grows, lives, stop_and_compare, wait_state
from tests.waiting import wait_until

B = Target("p", "b")


def warm(one: Flow) -> Flow:
    return replace(one, start=Start.ZYGOTE)


def counting(folder: Path) -> Pipeline:
    return chain(flow("a", "Count", amount=1_000_000_000), warm(flow("b", "Write", file=folder / "numbers")))


def zygotes() -> list[int]:
    """Children of this process that are one."""
    own = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    children = {int(pid) for each in own for pid in each.read_text().split()}
    return [pid for pid in children if b"pipertd.flow.warm" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def zygote_of(live: Live) -> int:
    """The zygote of b, when it can fork."""
    pipelines = live.supervisor.pipelines["p"]
    spawner = pipelines.flows["b"]._spawner
    await live.until(lambda: spawner._warm.launcher(spawner.pipeline, spawner.flow), "a zygote")
    (pid,) = zygotes()
    return pid


async def until_runs(live: Live, generation: int) -> None:
    def runs() -> bool:
        return live.flow("b").generation == generation and live.flow("b").state is State.RUNNING

    await live.until(runs, f"generation {generation}")


def numbers(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()]


def test_generations_are_forked(tmp_path: Path) -> None:
    """The next generation is a child of the zygote, goes on without a gap, and how it ended is known."""

    async def story(live: Live) -> None:
        await live.until_handled(10)
        zygote = await zygote_of(live)
        assert parent(live.pid("b")) == os.getpid()
        for generation in (2, 3):
            os.kill(live.pid("b"), signal.SIGKILL)
            await until_runs(live, generation)
            assert parent(live.pid("b")) == zygote
            await live.until_handled(live.link().delivered + 10)
        assert "was killed by SIGKILL" in "".join(each.message for each in live.supervisor.history.since(0))
        await live.supervisor.stop(Target("p"))
        assert live.flow("b").reason == "cleanly"
        assert zygotes() == []
        written = numbers(tmp_path / "numbers")
        assert written == list(range(len(written)))

    go(tmp_path, counting(tmp_path), story)


def test_zygote_that_dies(tmp_path: Path) -> None:
    """Its flow goes on, and so does the next generation, as a Python of its own; then there is another zygote."""

    async def story(live: Live) -> None:
        await live.until_handled(10)
        first = await zygote_of(live)
        os.kill(live.pid("b"), signal.SIGKILL)
        await until_runs(live, 2)
        os.kill(first, signal.SIGKILL)
        await live.until(lambda: zygotes() == [], "its burial")
        before = live.link().delivered
        await live.until_handled(before + 10)
        os.kill(live.pid("b"), signal.SIGKILL)
        await until_runs(live, 3)
        assert parent(live.pid("b")) == os.getpid()
        assert await zygote_of(live) != first

    go(tmp_path, counting(tmp_path), story)


def test_zygote_that_is_held(tmp_path: Path) -> None:
    """One that does not answer is given up, and the next generation is a Python of its own."""

    async def story(live: Live) -> None:
        await live.until_handled(10)
        os.kill(await zygote_of(live), signal.SIGSTOP)
        os.kill(live.pid("b"), signal.SIGKILL)
        await until_runs(live, 2)
        assert parent(live.pid("b")) == os.getpid()
        await live.until_handled(live.link().delivered + 10)

    go(tmp_path, counting(tmp_path), story)


def zygotes_of_this_test() -> list[int]:
    """Those that can fork, whoever their parent is."""
    ours, found = f"{MARK}={os.environ[MARK]}".encode(), []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, environment = (folder / "comm").read_text(), (folder / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if name == "pipertd zygote\n" and ours in environment.split(b"\0"):
            found.append(int(folder.name))
    return found


def test_daemon_that_dies(daemon: Daemon) -> None:
    """Its zygote goes with it; what that forked works on, and is adopted."""
    file = daemon.folder / "numbers"
    write_definition(
        daemon.definitions / "p.yaml", counts(), writes(file, 0.001), sink_flow={**QUICK, "start": "zygote"}
    )
    daemon.start()
    (zygote,) = wait_until(zygotes_of_this_test, what="a zygote")
    os.kill(wait_state(daemon, "b", "RUNNING")["pid"], signal.SIGKILL)
    daemon.wait_for("flow_started", "b", 2)
    wait_until(grows(file), what="numbers")
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    assert parent(pid) == zygote
    daemon.kill()
    wait_until(lambda: not lives(zygote), what="the end of the zygote")
    wait_until(grows(file), what="numbers")
    daemon.start()
    daemon.wait_for("flow_adopted", "b")
    assert wait_state(daemon, "b", "RUNNING")["pid"] == pid
    stop_and_compare(daemon, file)

"""An author's code may do anything: what it breaks is its own, and is said in words."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from pipertd.definition.model import Flow
from pipertd.logs.writer import KEPT_FILES, MAX_FILE_BYTES, old_file
from pipertd.names import Target
from pipertd.supervisor.view import State
from tests.process.served import DEADLINE_S
from tests.process.supervised import Live, chain, flow, go
from tests.waiting import wait_until


def nasty(one: Flow) -> Flow:
    """The same flow with its class from the nasty ones."""
    routines = tuple(replace(each, class_path=each.class_path.replace("routines:", "nasty:")) for each in one.routines)
    return replace(one, routines=routines)


@pytest.mark.parametrize(
    ("what", "failed", "restarts", "said"),
    [
        ("fork_and_return", 0, 0, "a child that main_logic forked has returned from it"),
        ("exit_thread", 0, 1, "SystemExit: I am done"),
        ("interrupt", 0, 1, "KeyboardInterrupt"),
        ("end", 1, 0, "main_logic of message 3 on a/r -> b/r failed"),
        ("raise_unprintable", 1, 0, "main_logic of message 3 on a/r -> b/r failed"),
        ("say_without_room", 0, 0, "1 records and 8 B of prints were lost: the log file could not be written"),
        ("fail_in_silence", 1, 0, "RuntimeError: heard all the same"),
        ("raise_much", 1, 0, "characters left out"),
    ],
)
def test_what_a_routine_breaks_is_its_own(tmp_path: Path, what: str, failed: int, restarts: int, said: str) -> None:
    """Each message is counted once, the flow lives or comes back, and the log says what happened, not how we run."""

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        assert view.state is State.EXITED
        assert (live.link().produced, live.link().delivered, live.link().failed) == (20, 20 - failed, failed)
        assert live.flow("b").restarts == restarts
        log = live.log("p/b")
        assert said in log
        assert "threading.py" not in log
        assert "pipertd/flow" not in log
        assert len(log) < 100_000

    go(tmp_path, chain(flow("a", "Count", amount=20), nasty(flow("b", "Nasty", what=what))), story)


def test_a_message_that_holds_itself_is_refused(tmp_path: Path) -> None:
    """It fails as a message; the flow goes on with the next one."""

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        assert (view.state, live.link().delivered) == (State.EXITED, 1)
        assert "it is nested too deeply, or holds itself" in live.log("p/a")
        assert live.flow("a").restarts == 0

    go(tmp_path, chain(nasty(flow("a", "Deep")), flow("b", "Ignore")), story)


@pytest.mark.parametrize("kind", ["Flood", "Endless"])
def test_prints_do_not_fill_the_disk(tmp_path: Path, kind: str) -> None:
    """What a flow prints without logging is turned over like its records; the newest old file stays, however long."""

    async def story(live: Live) -> None:
        newest = old_file(live.logs.flow_file("p", "a"), 1)
        seen = set()

        def again() -> bool:
            with suppress(FileNotFoundError):  # for a moment, between two files
                status = newest.stat()
                seen.add((status.st_ino, status.st_size))  # a number is given out again when its file is gone
            return len(seen) > KEPT_FILES

        await live.until(again, "the file turned over again and again")
        await live.supervisor.stop(Target("p"))
        sizes = [file.stat().st_size for file in newest.parent.glob("a.log.*")]
        assert 1 <= len(sizes) <= KEPT_FILES
        assert len(sizes) == 1 or sum(sizes) <= 2 * KEPT_FILES * MAX_FILE_BYTES

    go(tmp_path, chain(nasty(flow("a", kind)), flow("b", "Ignore")), story)


def test_a_follower_of_a_flood_does_not_hold_the_daemon(tmp_path: Path) -> None:
    """While somebody follows a log that grows without end, the daemon's loop goes on with everything else."""

    async def story(live: Live) -> None:
        seen = 0

        async def follow() -> None:
            nonlocal seen
            async for _ in live.logs.follow(cursor=live.logs.end()):
                seen += 1

        following = asyncio.create_task(follow())
        await live.until(lambda: seen > 10_000, "many lines seen")
        await live.supervisor.stop(Target("p"))
        following.cancel()

    go(tmp_path, chain(nasty(flow("a", "Flood")), flow("b", "Ignore")), story)


def test_an_interrupted_run_ends_in_a_flood(tmp_path: Path) -> None:
    """`pipertd run` of a flow that prints without end still hears Ctrl-C."""
    definition = tmp_path / "p.yaml"
    definition.write_text(
        f"pipeline: p\npath: [{Path(__file__).parent}]\n"
        "flows:\n  a: {routines: {flood: {class: nasty:Flood}}}\n  b: {routines: {ignore: {class: routines:Ignore}}}\n"
        "links: [{from: flood, to: [ignore]}]\n"
    )
    out = tmp_path / "out"
    with out.open("wb") as errors:
        command = [sys.executable, "-m", "pipertd.daemon", "run", str(definition)]
        with subprocess.Popen(command, stdout=errors, stderr=errors) as run:
            wait_until(lambda: out.stat().st_size > 1_000_000, DEADLINE_S, "a flood")
            os.kill(run.pid, signal.SIGINT)
            assert run.wait(DEADLINE_S) == 0
    assert "p: STOPPED after" in out.read_text()

"""Every way in which a flow can fail, produced for real, and the name that it then has."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pipertd.definition.model import Flow, Restart, RestartPolicy, Watchdog
from pipertd.names import Target
from pipertd.supervisor.failure import Failure
from pipertd.supervisor.view import NoticeKind, State
from tests.process.definitions import counts, write_definition
from tests.process.served import DEADLINE_S, Daemon
from tests.process.supervised import Live, chain, flow, go
from tests.waiting import wait_until

P = Target("p")
NEVER = Restart(RestartPolicy.NEVER)


def failing(what: str, *, restart: Restart = NEVER, watchdog: Watchdog | None = None) -> Flow:
    """The flow ``b`` that does it; it has FAILED at its first death unless said otherwise."""
    one = flow("b", "Failing", restart=restart, watchdog=watchdog, what=what)
    routines = tuple(replace(each, class_path="failing:Failing") for each in one.routines)
    return replace(one, routines=routines)


def frame(mark: str) -> str:
    """What a stack says of the line with this comment."""
    source = Path(__file__).with_name("failing.py").read_text().splitlines()
    return f'failing.py", line {next(number for number, text in enumerate(source, 1) if mark in text)} in '


@pytest.mark.parametrize(
    ("what", "rule", "failure", "said", "mark"),
    [
        ("exit", Watchdog(), Failure.EXITED, "exited with code 3", ""),
        ("exit_cleanly", Watchdog(), Failure.EXITED, "stopped although nobody had asked it to", ""),
        ("die", Watchdog(), Failure.KILLED, "was killed by SIGKILL", ""),
        ("crash", Watchdog(), Failure.KILLED, "was killed by SIGSEGV", "here it is struck"),
        ("hang_in_setup", Watchdog(start_s=2.0), Failure.START_DEADLINE, "its start watchdog", "here setup hangs"),
        ("hang", Watchdog(progress_s=2.0), Failure.PROGRESS_DEADLINE, "its progress watchdog", "here main_logic hangs"),
    ],
)
def test_failure_has_its_name(
    tmp_path: Path, what: str, rule: Watchdog, failure: Failure, said: str, mark: str
) -> None:
    """Status and notices name it, with the last lines and, where there were threads to see, their stacks."""

    async def story(live: Live) -> None:
        await live.until(lambda: "my last words" in live.log("p/b"), "its last words")
        go_by(live, rule)
        await live.until(lambda: live.flow("b").state is State.FAILED, "failed")
        assert live.flow("b").failure is failure
        assert said in live.flow("b").reason
        (exited,) = live.notices(NoticeKind.FLOW_EXITED)
        (failed,) = live.notices(NoticeKind.FLOW_FAILED)
        for notice in (exited, failed):
            assert notice.details["failure"] == failure
            assert notice.details["log"].endswith("my last words") or mark
            assert "my last words" in notice.details["log"]
        assert (frame(mark) in exited.details["stacks"]) if mark else ("stacks" not in exited.details)

    go(tmp_path, chain(flow("a", "Count"), failing(what)), story)


def go_by(live: Live, rule: Watchdog) -> None:
    """These are the deadlines of ``b`` from now on: before, a slow machine might have missed them."""
    pipeline = live.supervisor.pipelines["p"]
    a, b = pipeline.definition.flows
    pipeline.take_over(replace(pipeline.definition, flows=(a, replace(b, watchdog=rule))))


def test_held_process_misses_its_progress_deadline(tmp_path: Path) -> None:
    """SIGSTOP is a missed deadline, not a lost contact, and its reason says who held the flow."""

    async def story(live: Live) -> None:
        await live.until_handled(1)
        os.kill(live.pid("b"), signal.SIGSTOP)
        await live.until(lambda: live.flow("b").state is State.FAILED, "failed")
        assert live.flow("b").failure is Failure.PROGRESS_DEADLINE
        assert "SIGSTOP" in live.flow("b").reason

    go(tmp_path, chain(flow("a", "Count"), failing("nothing", watchdog=Watchdog(progress_s=6.0, contact_s=4.0))), story)


def test_stop_that_hangs_is_named_though_the_flow_is_stopped(tmp_path: Path) -> None:
    """A flow that had to be killed to be stopped is STOPPED, and says that its stop failed, and where it hung."""

    async def story(live: Live) -> None:
        await live.until_handled(5)
        await live.supervisor.stop(P)
        assert (live.flow("b").state, live.flow("b").failure) == (State.STOPPED, Failure.STOP_DEADLINE)
        (exited,) = [one for one in live.notices(NoticeKind.FLOW_EXITED) if one.flow == "b"]
        assert exited.details["failure"] == Failure.STOP_DEADLINE
        assert "my last words" in exited.details["log"]
        assert frame("here cleanup hangs") in exited.details["stacks"]

    go(tmp_path, chain(flow("a", "Count"), failing("hang_in_cleanup", watchdog=Watchdog(stop_s=5.0))), story)


def test_stop_of_a_flow_that_still_imports_is_no_failure(tmp_path: Path) -> None:
    """It dies of the SIGTERM that asked it to stop, because nothing of it listens yet; that is as good as any stop."""
    (tmp_path / "slow_to_import.py").write_text("print('importing')\nimport time\ntime.sleep(3600)\n")
    one = flow("b", "Write")
    slow = replace(one, routines=(replace(one.routines[0], class_path="slow_to_import:Slow"),))
    pipeline = chain(flow("a", "Count"), slow)

    async def story(live: Live) -> None:
        await live.until(lambda: "importing" in live.log("p/b"), "the import")
        await live.supervisor.stop(P)
        assert (live.flow("b").state, live.flow("b").reason) == (State.STOPPED, "was killed by SIGTERM")
        assert live.flow("b").failure is None
        (exited,) = [one for one in live.notices(NoticeKind.FLOW_EXITED) if one.flow == "b"]
        assert "failure" not in exited.details

    go(tmp_path, replace(pipeline, path=(*pipeline.path, str(tmp_path))), story)


@pytest.mark.parametrize(
    ("class_path", "params", "said"),
    [("failing:Gone", {}, "cannot find class Gone in failing"), ("failing:Failing", {"who": 1}, "'who'")],
)
def test_class_that_cannot_be_had_is_told(
    tmp_path: Path, class_path: str, params: dict[str, object], said: str
) -> None:
    """A class that the check saw and that is gone by now ends the flow; the reason says which routine, and why."""
    one = flow("b", "Write", restart=NEVER)
    gone = replace(one, routines=(replace(one.routines[0], class_path=class_path, params=params),))

    async def story(live: Live) -> None:
        await live.until(lambda: live.flow("b").state is State.FAILED, "failed")
        assert live.flow("b").failure is Failure.EXITED
        assert live.flow("b").reason.startswith(
            "exited with code 1, and its restart policy is never; last error of r: "
        )
        assert said in live.flow("b").reason

    go(tmp_path, chain(flow("a", "Count"), gone), story)


@pytest.mark.parametrize(("what", "mark"), [("block_channel", "here it is deaf"), ("end_channel", ""), ("hang_up", "")])
def test_flow_that_hears_nothing_has_lost_contact(tmp_path: Path, what: str, mark: str) -> None:
    """A flow whose routines go on, and that does not answer or dial any more, is found out, said, and replaced."""

    async def story(live: Live) -> None:
        await live.until(lambda: live.flow("b").state is State.FAILED, "failed")
        assert live.flow("b").failure is Failure.LOST_CONTACT
        (notice,) = live.notices(NoticeKind.CONTACT_LOST)
        assert "its contact watchdog allows 4 s" in notice.message
        (exited,) = live.notices(NoticeKind.FLOW_EXITED)
        assert exited.details["failure"] == Failure.LOST_CONTACT
        assert (frame(mark) if mark else "flow/loop.py") in exited.details["stacks"]

    deaf = failing(what, watchdog=Watchdog(contact_s=4.0))
    go(tmp_path, chain(flow("a", "Count"), deaf, orphan_timeout_s=3600.0), story)


def test_flow_that_answers_stays(tmp_path: Path) -> None:
    """Asked again and again whether it hears, a quiet flow answers and is left alone."""

    async def story(live: Live) -> None:
        await live.until_handled(1)
        pids = live.pid("a"), live.pid("b")
        delivered = live.link().delivered
        await live.until_handled(delivered + 7)
        assert (live.pid("a"), live.pid("b")) == pids
        assert not live.notices(NoticeKind.CONTACT_LOST)

    often = Watchdog(contact_s=4.0)  # asked at half of it
    pausing = flow("b", "Write", file=tmp_path / "numbers", pause_s=1.0, watchdog=often)
    go(tmp_path, chain(flow("a", "Count", watchdog=often), pausing), story)


def test_closed_channel_is_dialled_again(tmp_path: Path) -> None:
    """Code of an author's that closes the flow's socket costs the flow a moment's contact, and nothing else."""

    async def story(live: Live) -> None:
        await live.until(lambda: "closed its channel" in live.log("p/b"), "the closing")
        hello = live.supervisor.notify
        while (await hello("HELLO", Target("p", "b"), {}))[0].value is None:
            assert live.flow("b").state in (State.STARTING, State.RUNNING)
        (answer,) = await hello("HELLO", Target("p", "b"), {}, DEADLINE_S)
        assert (answer.value, live.flow("b").generation) == (1, 1)

    closing = failing("close_channel", watchdog=Watchdog(contact_s=20.0))
    go(tmp_path, chain(flow("a", "Count"), closing, orphan_timeout_s=3600.0), story)


def test_start_limit_is_told_apart_from_what_it_counts(tmp_path: Path) -> None:
    """Each death has its own name; the flow that is given up has that of the limit."""
    limited = Restart(backoff_first_s=0.01, backoff_most_s=0.01, limit=2)

    async def story(live: Live) -> None:
        await live.until(lambda: live.flow("b").state is State.FAILED, "failed")
        assert live.flow("b").failure is Failure.START_LIMIT
        deaths = [one.details["failure"] for one in live.notices(NoticeKind.FLOW_EXITED)]
        restarts = [one.details["failure"] for one in live.notices(NoticeKind.FLOW_RESTARTING)]
        (failed,) = live.notices(NoticeKind.FLOW_FAILED)
        assert (deaths, restarts) == ([Failure.EXITED] * 3, [Failure.EXITED] * 2)
        assert failed.details["failure"] == Failure.START_LIMIT

    go(tmp_path, chain(flow("a", "Count"), failing("exit", restart=limited)), story)


def test_flow_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    """Where there is no process there is still a name."""

    async def story(live: Live) -> None:
        await live.until(lambda: live.flow("b").failure, "the failure of b")
        assert live.flow("b").failure is Failure.LAUNCH_FAILED
        assert {one.details["failure"] for one in live.notices(NoticeKind.FLOW_FAILED)} == {Failure.LAUNCH_FAILED}

    go(tmp_path, chain(flow("a", "Count"), failing("exit"), python="/no/python"), story)


@pytest.mark.parametrize("now", [False, True])
def test_what_an_operator_wanted_is_no_failure(tmp_path: Path, now: bool) -> None:
    """A stop has no name among the failures, nor has the kill that an operator asked for; and a start forgets all."""

    async def story(live: Live) -> None:
        await live.until_handled(1)
        os.kill(live.pid("b"), signal.SIGKILL)
        await live.until(lambda: live.flow("b").failure is Failure.KILLED, "killed")
        await live.supervisor.start(Target("p", "b"))
        assert live.flow("b").failure is None
        await live.until(lambda: live.flow("b").state is State.RUNNING, "running")
        await live.supervisor.stop(P, now=now)
        assert [one.failure for one in live.view().flows] == [None, None]
        assert sum("failure" in one.details for one in live.notices(NoticeKind.FLOW_EXITED)) == 1

    go(tmp_path, chain(flow("a", "Count"), failing("nothing")), story)


def test_pipertctl_shows_the_name(daemon: Daemon) -> None:
    """Status in a table and as JSON, and the notices, name how a flow failed."""
    sink = {"class": "failing:Failing", "params": {"what": "exit"}}
    once = {"restart": {"policy": "never"}}
    write_definition(daemon.definitions / "p.yaml", counts(), sink, sink_flow=once)
    daemon.start()
    daemon.wait_for("flow_failed", "b")
    status = wait_until(lambda: daemon.status("p"), DEADLINE_S, "status")
    assert {one["name"]: one["failure"] for one in status["flows"]} == {"a": None, "b": "exited"}
    header, *rows = daemon.ctl("status", "p").stdout.split("\n\n")[1].splitlines()
    place = header.index("FAILURE")
    assert [row[place:].split()[0] for row in rows] == ["-", "exited"]
    command = daemon.ctl_command("-o", "json", "watch", "p/b", "--from", "1")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        notices = map(json.loads, watcher.stdout)
        failed = next(each for each in notices if each["kind"] == "flow_failed")
        watcher.kill()
    assert (failed["failure"], failed["details"]["failure"]) == ("exited", "exited")

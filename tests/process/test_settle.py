"""Flows without a successor: what they left is settled while the others go on, and nothing of that is left behind."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipertd.definition.model import Flow, Link, Pipeline, Restart, RestartPolicy, Routine
from pipertd.names import Policy, RoutineRef, Target
from pipertd.supervisor.view import NoticeKind, State
from tests.process.served import DEADLINE_S, Daemon
from tests.process.supervised import HERE, Live, go
from tests.process.test_hoarding import told
from tests.process.test_supervisor import is_running
from tests.waiting import wait_until

P, B = Target("p"), Target("p", "b")
DROPS = Policy.DROP_OLDEST


def flow(name: str, class_name: str, **params: object) -> Flow:
    """A flow of one routine ``r`` that has FAILED as soon as it dies."""
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in params.items()}
    return Flow(name, (Routine("r", class_name, plain),), Restart(RestartPolicy.NEVER))


def pipeline(flows: Sequence[Flow], *links: tuple[str, Policy]) -> Pipeline:
    """The pipeline ``p``; a link is named by its two flows."""
    made = tuple(Link(RoutineRef(ends[0], "r"), RoutineRef(ends[1], "r"), policy) for ends, policy in links)
    return Pipeline("p", tuple(flows), made, path=(str(HERE),), shm_limit=16 << 20)


def settling(daemon: int = 0) -> dict[str, int]:
    """The processes that settle now for a daemon, or for the supervisor in this test: target and process id."""
    found, daemon = {}, daemon or os.getpid()
    for folder in Path("/proc").iterdir():
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1]) if folder.name.isdigit() else 0
            words = (folder / "cmdline").read_text().split("\0") if parent == daemon else []
        except (FileNotFoundError, ProcessLookupError):
            continue
        if "--settle" in words:
            found[words[words.index("--settle") + 1]] = int(folder.name)
    return found


def tried(file: Path) -> list[int]:
    """The attempts that a GatedStore noted."""
    return [int(line) for line in file.read_text().split("\n")[:-1]] if file.exists() else []


async def kill_for_good(live: Live, name: str) -> None:
    os.kill(live.pid(name), signal.SIGKILL)
    await live.until(lambda: live.flow(name).state is State.FAILED, f"{name} to have failed")


async def keep_through_a_dead_middle(live: Live) -> int:
    """Have c keep frames that the failed b passed on to it; how many."""
    await live.until(lambda: live.link(1).leased > 2, "frames that are kept")
    await kill_for_good(live, "b")
    await live.until(lambda: live.link(1).in_flight == 0, "the last message behind b")
    await live.until(lambda: live.link(0).leased == live.link(1).leased, "b's own slots back")
    return live.link(1).leased


PASSED_ON = pipeline(
    [
        flow("a", "frames:Frames"),
        flow("b", "frames:Relay"),
        flow("c", "frames:Hoard"),
        flow("d", "routines:Ignore"),
    ],
    ("ab", DROPS),
    ("bc", Policy.WAIT),
    ("ad", Policy.WAIT),
)


def test_slots_that_a_failed_consumer_had_leased_are_free_again(tmp_path: Path) -> None:
    """It had all of them, so that its producer's other consumer starved; that one goes on without a restart."""
    flows = [flow("a", "frames:Frames"), flow("b", "frames:Hoard"), flow("c", "routines:Ignore")]

    async def story(live: Live) -> None:
        await live.until(lambda: live.link(1).dropped.get("newest", 0) > 100, "c to starve")
        assert live.link(0).leased > 10
        before = live.link(1).delivered
        await kill_for_good(live, "b")
        await live.until(lambda: live.link(1).delivered > before + 100, "c to go on")
        await live.until(lambda: live.link(0).leased == 0, "all slots back")
        await live.until(lambda: not settling(), "settling to be over")
        assert (live.flow("b").state, live.flow("b").pid) == (State.FAILED, None)
        assert not live.notices(NoticeKind.SETTLING_FAILED)

    go(tmp_path, pipeline(flows, ("ab", DROPS), ("ac", DROPS)), story)


def test_what_is_read_through_a_failed_middle_stays_right_and_comes_back(tmp_path: Path) -> None:
    """As long as its reader keeps frames the process that settles stays; then their producer has the slots again."""

    async def story(live: Live) -> None:
        kept = await keep_through_a_dead_middle(live)
        await live.until(lambda: live.link(2).delivered > 500 + kept, "the other link to go on")
        answer = await told(live, "CHECK", "c")
        assert isinstance(answer.value, dict) and answer.value == {"kept": kept, "right": True}
        await live.until(lambda: list(settling()) == ["p/b"], "b to be settled")
        assert (live.flow("b").state, live.flow("b").pid) == (State.FAILED, None)
        await told(live, "FORGET", "c")
        await live.until(lambda: live.link(0).leased == live.link(1).leased == 0, "all slots back")
        await live.until(lambda: not settling(), "settling to be over")
        assert not live.notices(NoticeKind.SETTLING_FAILED)

    go(tmp_path, PASSED_ON, story)


@pytest.mark.parametrize("settling_dies", [False, True])
def test_a_successor_takes_over_from_who_settles(tmp_path: Path, settling_dies: bool) -> None:
    """It is started when that one is dead, killed by us or by somebody else, and nothing is lost between them."""

    async def story(live: Live) -> None:
        await keep_through_a_dead_middle(live)
        (settler,) = await live.until(lambda: list(settling().values()), "somebody to settle")
        if settling_dies:
            os.kill(settler, signal.SIGKILL)
            (notice,) = await live.until(lambda: live.notices(NoticeKind.SETTLING_FAILED), "a notice")
            assert "settling what it left failed: it was killed by SIGKILL" in notice.message
            assert live.flow("b").state is State.FAILED
        await live.supervisor.start(B)
        await live.until(lambda: live.flow("b").state is State.RUNNING, "the successor")
        assert not settling()
        assert len(live.notices(NoticeKind.SETTLING_FAILED)) == settling_dies
        answer = await told(live, "CHECK", "c")
        assert isinstance(answer.value, dict) and answer.value["right"]
        before = live.link(1).delivered
        await told(live, "FORGET", "c")
        await live.until(lambda: live.link(1).delivered > before, "it to go on")

    go(tmp_path, PASSED_ON, story)


def test_settling_ends_with_the_run(tmp_path: Path) -> None:
    """A stop is over when nobody settles any more, and every message is counted."""

    async def story(live: Live) -> None:
        await keep_through_a_dead_middle(live)
        await live.until(settling, "somebody to settle")
        await live.supervisor.stop(P, now=True)
        assert not settling()
        for link in live.view().links:
            assert link.produced == link.delivered + sum(link.dropped.values()), link
        assert not live.notices(NoticeKind.SETTLING_FAILED)

    go(tmp_path, PASSED_ON, story)


def test_a_stop_and_a_start_within_one_moment(tmp_path: Path) -> None:
    """Who is stopped while its start still waits for the death of who settles comes to rest, and can be started."""

    async def story(live: Live) -> None:
        await keep_through_a_dead_middle(live)
        await live.supervisor.start(B)
        assert (live.flow("b").state, live.flow("b").pid) == (State.STARTING, None)
        await live.supervisor.stop(B)
        assert live.flow("b").state is State.STOPPED
        await live.until(lambda: "p/b" in settling(), "somebody to settle again")
        await live.supervisor.start(B)
        await live.until(lambda: live.flow("b").state is State.RUNNING, "the successor")

    go(tmp_path, PASSED_ON, story)


def test_what_was_in_hand_comes_again_after_a_stop(tmp_path: Path) -> None:
    """Settling counts no attempt and handles nothing: each start tries the message in hand once more, and it only."""
    file, tries, gate = tmp_path / "numbers", tmp_path / "tries", tmp_path / "gate"
    flows = [
        flow("a", "frames:Source", amount=30),
        flow("b", "frames:GatedStore", file=file, added=0, at=10, tries=tries, gate=gate),
    ]

    async def story(live: Live) -> None:
        for attempt in (1, 2):
            await live.until(lambda wanted=attempt: tried(tries)[-1:] == [wanted], "number 10 in hand")  # type: ignore[misc]
            await live.until(lambda: live.link().waiting == live.link().depth, "a full link")
            await live.until(lambda: live.flow("b").state is State.RUNNING, "b to run")
            await live.supervisor.stop(B, now=True)
            await live.until(lambda: not settling(), "settling to be over")
            await live.until(lambda: live.link().leased == 0, "all slots of what ended back")
            view = live.link()
            assert (view.delivered, view.in_hand, view.waiting) == (10, 1, 4)
            await live.supervisor.start(B)
        gate.touch()
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert (live.link().produced, live.link().delivered) == (30, 30)
        assert tried(tries) == [1, 2, 3]
        seen = [tuple(map(int, line.split())) for line in file.read_text().splitlines()]
        assert seen == [(number, 3 if number == 10 else 1) for number in range(30)]

    go(tmp_path, pipeline(flows, ("ab", Policy.WAIT)), story)


def test_who_keeps_frames_is_settled_after_a_clean_stop_too(tmp_path: Path) -> None:
    """Its kept arrays died with it; who kept none has left nothing to be settled."""
    flows = [flow("a", "frames:Frames"), flow("b", "frames:Hoard"), flow("c", "routines:Ignore")]

    async def story(live: Live) -> None:
        await live.until(lambda: live.link(0).leased > 2, "frames that are kept")
        await live.supervisor.stop(B)
        assert live.flow("b").state is State.STOPPED
        await live.until(lambda: live.link(0).leased == 0, "all slots back, by somebody who settles")
        await live.until(lambda: not settling(), "settling to be over")
        await live.supervisor.stop(Target("p", "c"))
        assert not settling()

    go(tmp_path, pipeline(flows, ("ab", DROPS), ("ac", DROPS)), story)


def test_settling_ends_with_the_daemon(daemon: Daemon) -> None:
    """After kill -9 of the daemon nobody settles any more, though frames are still kept."""
    routines = {"a": "Frames", "b": "Relay", "c": "Hoard"}
    document = {
        "pipeline": "p",
        "path": [str(HERE)],
        "shm_limit": "16M",
        "orphan_timeout": "0s",
        "flows": {
            name: {"restart": {"policy": "never"}, "routines": {name: {"class": f"frames:{each}"}}}
            for name, each in routines.items()
        },
        "links": [{"from": "a", "to": ["b"]}, {"from": "b", "to": ["c"]}],
    }
    (daemon.definitions / "p.yaml").write_text(json.dumps(document))
    process = daemon.start()
    wait_until(lambda: [link["leased"] > 2 for link in daemon.status("p").get("links", [])[1:]] == [True], DEADLINE_S)
    flows = {name: int(daemon.wait_for("flow_started", name)["details"]["pid"]) for name in routines}
    os.kill(flows["b"], signal.SIGKILL)
    settler = wait_until(lambda: settling(process.pid).get("p/b"), DEADLINE_S)
    assert settler is not None
    process.kill()
    process.wait()
    wait_until(lambda: not is_running(settler), DEADLINE_S, "its end")
    wait_until(lambda: not any(map(is_running, flows.values())), DEADLINE_S, "the end of the flows")

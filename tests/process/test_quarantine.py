"""Messages that kill: charged with the deaths that are theirs, put aside after three, and nobody else with them."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from pipertd.definition.model import Flow, Link, OnError, Pipeline, Restart, Routine, Watchdog
from pipertd.names import RoutineRef, Target
from pipertd.supervisor.view import NoticeKind, State
from tests.process.definitions import counts, write_definition
from tests.process.served import Daemon
from tests.process.supervised import DEADLINE_S, HERE, Live, chain, flow, go

AT_ONCE = Restart(backoff_first_s=0.001, backoff_most_s=0.001, limit=1000)


def routine(name: str, class_path: str, **params: object) -> Routine:
    return Routine(
        name, class_path, {key: str(each) if isinstance(each, Path) else each for key, each in params.items()}
    )


def numbers(file: Path) -> list[int]:
    return [int(line.split()[0]) for line in file.read_text().splitlines()]


def without(at: int, amount: int) -> list[int]:
    return [number for number in range(amount) if number != at]


def test_poison_is_put_aside_and_its_company_is_not(tmp_path: Path) -> None:
    """A message that aborts three times with an innocent one in hand is put aside alone; all others arrive."""
    flows = (
        Flow("one", (routine("r", "routines:Count", amount=200),), AT_ONCE),
        Flow("two", (routine("r", "routines:Count", amount=100),), AT_ONCE),
        Flow(
            "both",
            (
                routine("poisoned", "fatal:Poisoned", file=tmp_path / "poisoned", company=True),
                routine("innocent", "fatal:Innocent", file=tmp_path / "innocent", gate=tmp_path / "gate"),
            ),
            AT_ONCE,
        ),
    )
    links = (
        Link(RoutineRef("one", "r"), RoutineRef("both", "poisoned")),
        Link(RoutineRef("two", "r"), RoutineRef("both", "innocent")),
    )

    async def story(live: Live) -> None:
        (notice,) = await live.until(lambda: live.notices(NoticeKind.MESSAGE_QUARANTINED), "a message put aside")
        (tmp_path / "gate").touch()
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert numbers(tmp_path / "poisoned") == without(137, 200)
        assert numbers(tmp_path / "innocent") == list(range(100))
        assert "20 4" in (tmp_path / "innocent").read_text().splitlines()
        (aside,) = live.quarantine.all()
        assert (aside.routine, aside.sequence, aside.deaths, aside.attempts) == ("poisoned", 137, 3, 3)
        assert "SIGABRT" in aside.reason and "in die" in aside.stacks
        assert (notice.routine, notice.details["id"]) == ("poisoned", aside.id)
        poisoned, innocent = live.view().links
        assert (poisoned.produced, poisoned.delivered, poisoned.quarantined) == (200, 199, 1)
        assert (innocent.produced, innocent.delivered, innocent.quarantined) == (100, 100, 0)

    go(tmp_path, Pipeline("p", flows, links, path=(str(HERE),), shm_limit=16 << 20), story)


@pytest.mark.parametrize("how", ["exit", "hang", "raise"])
def test_every_way_to_die_of_a_message_counts(tmp_path: Path, how: str) -> None:
    """Ending the process, missing the deadline, and failing the flow on an error are charged like a fatal signal."""
    sink = flow("b", "", watchdog=Watchdog(progress_s=3.0))
    poisoned = replace(routine("r", "fatal:Poisoned", file=tmp_path / "n", at=5, how=how), on_error=OnError.FAIL)
    pipeline = chain(flow("a", "Count", amount=10), replace(sink, routines=(poisoned,)))

    async def story(live: Live) -> None:
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert numbers(tmp_path / "n") == without(5, 10)
        (aside,) = live.quarantine.all()
        assert (aside.sequence, aside.deaths) == (5, 3)
        assert aside.reason
        assert live.link().quarantined == 1

    go(tmp_path, pipeline, story)


def test_poison_within_a_flow_is_put_aside(tmp_path: Path) -> None:
    """A message that died with its flow comes again by the same number, and is put aside with what it holds."""
    flows = (
        Flow(
            "a",
            (
                routine("source", "routines:Count", amount=20),
                routine("poisoned", "fatal:Poisoned", file=tmp_path / "n", at=7),
            ),
            AT_ONCE,
        ),
    )
    links = (Link(RoutineRef("a", "source"), RoutineRef("a", "poisoned")),)

    async def story(live: Live) -> None:
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert sorted(set(numbers(tmp_path / "n"))) == without(7, 20)
        (aside,) = live.quarantine.all()
        assert (aside.sequence, aside.deaths) == (7, 3)
        assert aside.length > 0
        assert (live.link().delivered, live.link().quarantined) == (19, 1)

    go(tmp_path, Pipeline("p", flows, links, path=(str(HERE),), shm_limit=16 << 20), story)


def test_poison_that_cannot_be_written_is_not_said_to_be(tmp_path: Path) -> None:
    """Where the quarantine cannot be written the notice says that the message is lost; the flow goes on."""
    poisoned = replace(flow("b", ""), routines=(routine("r", "fatal:Poisoned", file=tmp_path / "n", at=5),))

    async def story(live: Live) -> None:
        live.quarantine.folder.parent.mkdir(parents=True, exist_ok=True)
        live.quarantine.folder.write_text("a file where the folder should be")
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        (notice,) = live.notices(NoticeKind.MESSAGE_QUARANTINED)
        assert "message 5 on a/r -> b/r is lost" in notice.message
        assert "Not a directory" in notice.message
        assert live.link().quarantined == 1

    go(tmp_path, chain(flow("a", "Count", amount=10), poisoned), story)


def test_an_event_that_kills_is_no_messages_fault(tmp_path: Path) -> None:
    """A routine that dies three times in an event handler, with messages in hand, has none of them put aside."""
    source = Routine("r", "frames:Frames", {"amount": 2, "then_idles": True})
    flows = (Flow("a", (source,), AT_ONCE), Flow("b", (routine("r", "fatal:Fragile"),), AT_ONCE))
    pipeline = replace(chain(flow("a", "Count"), flow("b", "")), flows=flows)

    async def story(live: Live) -> None:
        for generation in range(1, 5):
            await live.until(lambda: live.link().in_hand == 2 and live.flow("b").state is State.RUNNING, "both in hand")
            if generation < 4:
                await live.supervisor.notify("BREAK", Target("p", "b"), {}, DEADLINE_S)
                await live.until(lambda: live.flow("b").generation > generation, "the next one")  # noqa: B023
        assert live.link().quarantined == 0
        assert live.quarantine.all() == []

    go(tmp_path, pipeline, story)


def test_a_kill_from_outside_is_nobodys_fault(tmp_path: Path) -> None:
    """A message in hand at four SIGKILLs is given a fifth time, and delivered."""
    file, gate = tmp_path / "n", tmp_path / "gate"
    sink = Flow("b", (routine("r", "fatal:Innocent", file=file, gate=gate),), AT_ONCE)
    pipeline = replace(chain(flow("a", "Count", amount=40), flow("b", "")), flows=(flow("a", "Count", amount=40), sink))

    async def story(live: Live) -> None:
        await live.until_handled(20)
        for generation in range(1, 5):
            pid = await live.until(
                lambda: live.link().in_hand and live.flow("b").state is State.RUNNING and live.pid("b")
            )
            os.kill(pid, signal.SIGKILL)
            await live.until(lambda: live.flow("b").generation > generation)  # noqa: B023 - awaited in the loop
        gate.touch()
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert numbers(file) == list(range(40))
        assert "20 5" in file.read_text().splitlines()
        assert live.quarantine.all() == []
        assert live.link().quarantined == 0

    go(tmp_path, pipeline, story)


def test_what_was_put_aside_can_be_replayed(daemon: Daemon) -> None:
    """`pipertctl quarantine replay` brings the abort back, with the message that the daemon's flow died of."""
    poisoned = {"class": "fatal:Poisoned", "params": {"file": str(daemon.folder / "n")}}
    often = {"restart": {"backoff": "1ms..1ms"}}
    write_definition(daemon.definitions / "p.yaml", counts(200), poisoned, sink_flow=often)
    daemon.start()
    daemon.wait_for("pipeline_ended")
    assert numbers(daemon.folder / "n") == without(137, 200)
    (aside,) = json.loads(daemon.ctl("-o", "json", "quarantine", "list", "p").stdout)
    assert (aside["sequence"], aside["deaths"]) == (137, 3)
    replayed = daemon.ctl("quarantine", "replay", aside["id"])
    assert replayed.returncode == 1
    assert "SIGABRT" in replayed.stdout + replayed.stderr
    assert "in die" in replayed.stderr

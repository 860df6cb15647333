"""Links within a flow, several links into one routine, and messages acknowledged by hand, in real flows."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pipertd.definition.model import Flow, Link, Pipeline, Restart, RestartPolicy, Routine, Watchdog
from pipertd.names import Policy, RoutineRef, Target
from pipertd.supervisor.view import NoticeKind, State
from tests.process.supervised import DEADLINE_S, HERE, Live, go

AT_ONCE = Restart(backoff_first_s=0.001, backoff_most_s=0.001, limit=1000)
NEVER = Restart(RestartPolicy.NEVER)


def routine(name: str, class_name: str, **params: object) -> Routine:
    plain = {key: str(value) if isinstance(value, Path) else value for key, value in params.items()}
    return Routine(name, f"routines:{class_name}", plain)


def flow(name: str, *routines: Routine) -> Flow:
    return Flow(name, routines, AT_ONCE)


def pipeline(flows: Sequence[Flow], *links: Link) -> Pipeline:
    return Pipeline("p", tuple(flows), links, path=(str(HERE),), shm_limit=16 << 20)


def ref(text: str) -> RoutineRef:
    name, _, own = text.partition("/")
    return RoutineRef(name, own)


def seen(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split("\n")[:-1]] if file.exists() else []


def test_a_producer_reads_ahead_of_its_consumer_in_the_flow(tmp_path: Path) -> None:
    """While the consumer is busy with the first message, as many more are made as the link is deep, and one waits."""
    flows = [
        flow(
            "a",
            routine("source", "Count", amount=50),
            routine("sink", "Gate", file=tmp_path / "n", gate=tmp_path / "gate"),
        )
    ]

    async def story(live: Live) -> None:
        await live.until(lambda: (live.link().waiting, live.link().in_hand) == (3, 1), "a full link behind the first")
        assert live.link().delivered == 0
        (tmp_path / "gate").touch()
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert seen(tmp_path / "n") == list(range(50))
        assert (live.link().produced, live.link().delivered) == (50, 50)

    go(tmp_path, pipeline(flows, Link(ref("a/source"), ref("a/sink"), depth=3)), story)


@pytest.mark.parametrize(
    ("policy", "numbers"), [(Policy.DROP_OLDEST, [0, 97, 98, 99]), (Policy.DROP_NEWEST, [0, 1, 2, 3])]
)
def test_a_link_within_a_flow_drops_and_counts(tmp_path: Path, policy: Policy, numbers: list[int]) -> None:
    """What is dropped between two threads is counted as between two processes, and a kill does not change the count."""
    flows = [
        flow(
            "a",
            routine("source", "CountBehind", amount=100, behind=tmp_path / "n"),
            routine("sink", "Gate", file=tmp_path / "n", gate=tmp_path / "gate"),
        )
    ]
    reason = policy.value.removeprefix("drop_")

    async def story(live: Live) -> None:
        await live.until(lambda: live.link().produced == 100, "all of them")
        view = live.link()
        assert (view.waiting, view.in_hand, dict(view.dropped)) == (3, 1, {reason: 96})
        (tmp_path / "gate").touch()
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert seen(tmp_path / "n") == numbers
        view = live.link()
        assert (view.produced, view.delivered, dict(view.dropped)) == (100, 4, {reason: 96})

    go(tmp_path, pipeline(flows, Link(ref("a/source"), ref("a/sink"), policy, depth=3)), story)


def test_an_input_is_acknowledged_when_all_that_was_made_of_it_is_handled(tmp_path: Path) -> None:
    """Killed with several messages on their way in the flow, each comes again; none is lost or published twice."""
    flows = [
        flow("a", routine("source", "Count")),
        flow("b", routine("first", "Pass"), routine("second", "Pass", pause_s=0.001)),
        flow("c", routine("sink", "Write", file=tmp_path / "n")),
    ]
    links = [
        Link(ref("a/source"), ref("b/first")),
        Link(ref("b/first"), ref("b/second")),
        Link(ref("b/second"), ref("c/sink")),
    ]

    async def story(live: Live) -> None:
        for goal in (50, 100, 150, 200):
            await live.until_handled(goal, 2)
            os.kill(live.pid("b"), signal.SIGKILL)
            await live.until(lambda: live.flow("b").state is not State.RUNNING, "its end")
            await live.until(lambda: live.flow("b").state is State.RUNNING, "its return")
        await live.supervisor.stop(Target("p"))
        produced = live.link().produced
        assert seen(tmp_path / "n") == list(range(produced))
        assert [live.link(place).delivered for place in range(3)] == [produced] * 3
        assert [live.link(place).produced for place in range(3)] == [produced] * 3

    go(tmp_path, pipeline(flows, *links), story)


def test_what_waits_for_a_routine_that_failed_in_setup_is_counted(tmp_path: Path) -> None:
    """Its producer in the flow gave while it was set up: when the run is over that is stopped, and in no hand."""
    failing = replace(flow("b", routine("first", "Pass"), routine("second", "Crash", in_setup=True)), restart=NEVER)
    flows = [flow("a", routine("source", "Count", amount=100)), failing]
    links = [Link(ref("a/source"), ref("b/first")), Link(ref("b/first"), ref("b/second"), depth=3)]

    async def story(live: Live) -> None:
        await live.until(lambda: live.flow("b").state is State.FAILED, "failed")
        await live.supervisor.stop(Target("p"))
        view = live.link(1)
        assert view.in_flight == 0
        assert view.produced == sum(view.dropped.values())

    go(tmp_path, pipeline(flows, *links), story)


def test_a_flow_of_which_one_routine_fails_in_setup_is_never_ready(tmp_path: Path) -> None:
    """The others are set up, and wait for nothing when it is over; each restart waits longer than the one before."""
    routines = [routine("front", "Pass"), routine("first", "Pass"), routine("second", "Crash", in_setup=True)]
    rule = Restart(backoff_first_s=0.01, backoff_most_s=1.0, limit=3)
    flows = [flow("a", routine("source", "Count", amount=100)), replace(flow("b", *routines), restart=rule)]
    links = [
        Link(ref("a/source"), ref("b/front")),
        Link(ref("b/front"), ref("b/first"), depth=2),
        Link(ref("b/first"), ref("b/second"), depth=2),
    ]

    async def story(live: Live) -> None:
        await live.until(lambda: live.flow("b").state is State.FAILED, "failed")
        said = [each.message for each in live.notices(NoticeKind.FLOW_STATE_CHANGED) if each.flow == "b"]
        assert not [each for each in said if "is RUNNING" in each]
        restarts = [each.message for each in live.notices(NoticeKind.FLOW_RESTARTING)]
        assert [each.partition(" s:")[0].rpartition(" ")[2] for each in restarts] == ["0.01", "0.02", "0.04"]
        assert "found no room" not in live.log("p/b")
        last = "last error of second: setup: RuntimeError: no model to load"
        assert live.flow("b").reason == f"exited with code 1, after 3 restarts within 60 s; {last}"

    go(tmp_path, pipeline(flows, *links), story)


def test_what_was_made_does_not_wait_for_the_end_of_a_pause(tmp_path: Path) -> None:
    """A source that is paused publishes what its consumer in the flow is done with."""
    flows = [
        flow(
            "a",
            routine("source", "Count"),
            routine("near", "Gate", file=tmp_path / "near", gate=tmp_path / "gate"),
        ),
        flow("b", routine("far", "Note", file=tmp_path / "far")),
    ]

    async def story(live: Live) -> None:
        await live.until(lambda: live.link(0).in_hand == 1, "a message that is not done")
        await live.supervisor.notify("pause", Target("p", "a", "source"), {}, DEADLINE_S)
        (tmp_path / "gate").touch()
        await live.until(lambda: live.link(0).in_flight == 0 < live.link(0).produced, "the flow to be done")
        await live.until(lambda: live.link(1).delivered == live.link(0).produced, "all of it in the other flow")

    links = Link(ref("a/source"), ref("a/near")), Link(ref("a/source"), ref("b/far"))
    go(tmp_path, pipeline(flows, *links), story)


def test_a_stop_does_not_wait_for_what_a_source_of_the_flow_still_gives(tmp_path: Path) -> None:
    """Such a link is never empty before its source is told to stop; then it is handled to its end, and counted."""
    patient = Watchdog(stop_s=3600.0)
    made = flow("a", routine("source", "Count"), routine("sink", "Write", file=tmp_path / "n", pause_s=0.01))

    async def story(live: Live) -> None:
        await live.until(lambda: live.link().waiting == live.link().depth, "a full link")
        async with asyncio.timeout(DEADLINE_S):
            await live.supervisor.stop(Target("p"))
        link = live.link()
        assert (link.delivered, dict(link.dropped)) == (link.produced, {})
        assert seen(tmp_path / "n") == list(range(link.produced))

    go(tmp_path, pipeline([replace(made, watchdog=patient)], Link(ref("a/source"), ref("a/sink"))), story)


def test_several_links_lead_into_one_routine(tmp_path: Path) -> None:
    """Each link keeps its order and its counts, one from within the flow among them, and none waits for the others."""
    flows = [
        flow("a", routine("source", "Count", amount=100)),
        flow("b", routine("source", "Count", amount=200)),
        flow(
            "c",
            replace(routine("source", "Count", amount=300), fps=100.0),
            routine("sink", "Note", file=tmp_path / "n"),
        ),
    ]
    sink = ref("c/sink")

    async def story(live: Live) -> None:
        await live.until_handled(20, 2)
        os.kill(live.pid("c"), signal.SIGKILL)
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        noted = [line.split() for line in (tmp_path / "n").read_text().splitlines()]
        for place, (source, amount) in enumerate((("a", 100), ("b", 200), ("c", 300))):
            numbers = [int(number) for link, number in noted if link == f"{source}/source"]
            assert sorted(set(numbers)) == list(range(amount))
            assert numbers == sorted(numbers)
            assert (live.link(place).produced, live.link(place).delivered) == (amount, amount)

    go(tmp_path, pipeline(flows, *(Link(ref(f"{each}/source"), sink) for each in "abc")), story)


@pytest.mark.parametrize("within_flow", [True, False])
def test_who_asks_for_it_may_write_to_what_it_gets(tmp_path: Path, within_flow: bool) -> None:
    """A routine with ``writable`` draws on private copies; another reader of the same array sees nothing of it."""
    name = "a" if within_flow else "b"
    draw, look = routine("draw", "Draw"), routine("look", "Look", file=tmp_path / "n")
    source = routine("source", "Zeros", amount=20)
    flows = [flow("a", source, draw, look)] if within_flow else [flow("a", source), flow("b", draw, look)]

    async def story(live: Live) -> None:
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert seen(tmp_path / "n") == [0] * 20
        assert [live.link(place).delivered for place in (0, 1)] == [20, 20], live.log()

    links = [Link(ref("a/source"), ref(f"{name}/{each}")) for each in ("draw", "look")]
    go(tmp_path, pipeline(flows, *links), story)


@pytest.mark.parametrize("within_flow", [True, False])
def test_a_message_is_what_its_routine_says_it_takes(tmp_path: Path, within_flow: bool) -> None:
    """A dataclass arrives as one, from another process too; what cannot be one fails, and the next is taken."""
    source, sink = routine("source", "Measure", amount=6), routine("sink", "Typed", file=tmp_path / "n")
    flows = [flow("a", source, sink)] if within_flow else [flow("a", source), flow("b", sink)]

    async def story(live: Live) -> None:
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert seen(tmp_path / "n") == [0, 1, 4, 16, 25]
        assert (live.link().delivered, live.link().failed) == (5, 1)
        assert "cannot take a message as Measured: Expected `int`, got `str` - at `$.number`" in live.log()

    go(tmp_path, pipeline(flows, Link(ref("a/source"), ref("a/sink" if within_flow else "b/sink"))), story)


def test_a_batch_that_cannot_become_complete_is_named(tmp_path: Path) -> None:
    """All that may be in hand is, and its author waits for more: the routine says so, and whom its link waits for."""
    flows = [
        flow("a", routine("source", "Count", amount=1000)),
        flow("b", routine("sink", "Batch", size=50, file=tmp_path / "n", held=tmp_path / "held")),
    ]

    async def story(live: Live) -> None:
        await live.until(lambda: "waiting for done()" in live.log("p/b"), "a warning")
        await live.until(lambda: live.view().routines[1].state == "AWAITS_DONE", "it to wait for its author")
        await live.until(lambda: live.link().blocked_by == "b/sink", "who it waits for")

    go(tmp_path, pipeline(flows, Link(ref("a/source"), ref("b/sink"), depth=4)), story)


def test_what_is_acknowledged_in_cleanup_is_so_when_a_flow_is_stopped(tmp_path: Path) -> None:
    """The last batch of a flow that is restarted in an orderly way does not come again, and nothing of it is lost."""
    flows = [
        flow("a", routine("source", "CountBehind", amount=13, behind=tmp_path / "go")),
        flow("b", routine("sink", "Batch", size=10, file=tmp_path / "n", held=tmp_path / "held")),
    ]

    async def story(live: Live) -> None:
        await live.until(lambda: seen(tmp_path / "held") == [0], "a batch that is not complete")
        await live.supervisor.restart(Target("p", "b"))
        assert live.link().delivered == 1
        (tmp_path / "go").touch()
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert seen(tmp_path / "held") == seen(tmp_path / "n") == list(range(13))
        assert (live.link().delivered, dict(live.link().dropped)) == (13, {})

    go(tmp_path, pipeline(flows, Link(ref("a/source"), ref("b/sink"), depth=12)), story)


def test_a_batch_does_not_keep_its_producers_in_the_flow_from_stopping(tmp_path: Path) -> None:
    """They wait for what its author acknowledges in cleanup: it stops when nothing waits for it, and all is counted."""
    flows = [
        flow("a", routine("source", "CountBehind", amount=13, behind=tmp_path / "go")),
        flow(
            "b",
            routine("first", "Pass"),
            routine("second", "Pass"),
            routine("sink", "Batch", size=10, file=tmp_path / "n", held=tmp_path / "held"),
        ),
    ]
    links = [Link(ref("a/source"), ref("b/first"), depth=12), Link(ref("b/first"), ref("b/second"), depth=12)]

    async def story(live: Live) -> None:
        await live.until(lambda: seen(tmp_path / "held") == [0], "a batch that is not complete")
        await live.supervisor.stop(Target("p", "b"))
        assert seen(tmp_path / "n") == [0]
        for place in range(3):
            assert (live.link(place).delivered, dict(live.link(place).dropped)) == (1, {})
        assert "found no room" not in live.log("p/b")
        (tmp_path / "go").touch()

    go(tmp_path, pipeline(flows, *links, Link(ref("b/second"), ref("b/sink"), depth=12)), story)


def test_what_its_author_has_not_acknowledged_comes_again(tmp_path: Path) -> None:
    """A batch that was not full at a kill comes again whole; the last one is acknowledged in cleanup."""
    flows = [
        flow("a", routine("source", "CountBehind", amount=25, behind=tmp_path / "go")),
        flow("b", routine("sink", "Batch", size=10, file=tmp_path / "n", held=tmp_path / "held")),
    ]

    async def story(live: Live) -> None:
        (tmp_path / "go").touch()
        await live.until(lambda: len(seen(tmp_path / "held")) >= 14, "a batch and a half")
        assert live.link().delivered == 10
        os.kill(live.pid("b"), signal.SIGKILL)
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert sorted(set(seen(tmp_path / "n"))) == list(range(25))
        assert seen(tmp_path / "held").count(10) == 2
        assert (live.link().produced, live.link().delivered) == (25, 25)

    go(tmp_path, pipeline(flows, Link(ref("a/source"), ref("b/sink"), depth=12)), story)

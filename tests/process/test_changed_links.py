"""Links that change while their pipeline runs: the flows at both ends are restarted, and the messages stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pipertd.definition.model import Flow, Link, Pipeline, Routine, Watchdog
from pipertd.names import Policy, RoutineRef, Target
from pipertd.supervisor.view import LinkView, NoticeKind, State
from tests.process.supervised import HERE, Live, chain, go

AMOUNT, AT = 300, 40
PATIENT = Watchdog(progress_s=600.0)  # whoever is busy until there is a gate is killed by no watchdog


def gated(folder: Path) -> Pipeline:
    """Flows a → b → c, the last of which is busy with message AT until there is a gate."""
    files = {name: str(folder / name) for name in ("file", "tries", "gate")}
    routines = (
        Routine("r", "frames:Source", {"amount": AMOUNT}),
        Routine("r", "frames:Middle"),
        Routine("r", "frames:GatedStore", {**files, "at": AT}),
    )
    return chain(*(Flow(name, (routine,), watchdog=PATIENT) for name, routine in zip("abc", routines, strict=True)))


def tries(folder: Path) -> list[str]:
    """Which attempts there were to take message AT."""
    file = folder / "tries"
    return file.read_text().split() if file.exists() else []


async def change(live: Live, place: int, **changes: Any) -> None:
    """Have the link at this place be another one: both ends are killed and started again."""
    before = live.supervisor.definition("p")
    links = list(before.links)
    links[place] = replace(links[place], **changes)
    await renew(live, replace(before, links=tuple(links)), {end.flow for end in links[place].ends})


async def renew(live: Live, changed: Pipeline, concerned: set[str]) -> None:
    """Go by another definition: the flows that it concerns are killed and started again."""
    supervised = live.supervisor.pipelines["p"]
    fit = supervised.runs.fit(changed)
    assert not fit.misfits
    assert fit.told == concerned
    with supervised.held():
        for name in concerned:
            await live.supervisor.stop(Target("p", name), now=True)
        supervised.take_over(changed)
        for name in concerned:
            await live.supervisor.start(Target("p", name))
    await live.until(
        lambda: all(live.flow(name).state in (State.RUNNING, State.EXITED) for name in concerned), "them to run"
    )


def test_a_link_changes_under_its_messages(tmp_path: Path) -> None:
    """It becomes deeper, then less deep, then drops: what waits stays, and every message is counted."""

    async def story(live: Live) -> None:
        await live.until(lambda: (live.link(0).waiting, live.link(1).waiting) == (4, 4), "full links")
        await live.until(lambda: tries(tmp_path) == ["1"], f"{AT} in hand")
        pid = live.pid("a")

        await change(live, 1, depth=12)
        await live.until(lambda: live.link(1).waiting == 12, "it to be as deep as it is now")
        await live.until(lambda: tries(tmp_path) == ["1", "2"], f"{AT} in hand again")
        assert (live.link(1).depth, live.link(1).delivered, live.link(1).in_hand) == (12, AT, 1)

        await change(live, 1, depth=2)
        await live.until(lambda: live.link(0).waiting == 4, "b to have to wait")
        await live.until(lambda: tries(tmp_path) == ["1", "2", "3"], f"{AT} in hand again")
        assert (live.link(1).depth, live.link(1).waiting, live.link(1).produced) == (2, 12, AT + 13)

        await change(live, 1, policy=Policy.DROP_OLDEST)
        await live.until(lambda: live.link(1).produced == AMOUNT, "all to be published")
        assert (live.link(1).waiting, live.link(1).dropped) == (2, {"oldest": AMOUNT - AT - 3})
        assert (live.flow("a").pid, live.flow("a").generation) == (pid, 1) or live.flow("a").state is State.EXITED

        (tmp_path / "gate").touch()
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert live.flow("a").generation == 1
        first, second = live.view().links
        assert (first.produced, first.delivered, dict(first.dropped)) == (AMOUNT, AMOUNT, {})
        assert (second.produced, second.delivered) == (AMOUNT, AT + 3)
        seen = [tuple(map(int, line.split())) for line in (tmp_path / "file").read_text().splitlines()]
        assert seen == [*((number, 1) for number in range(AT)), (AT, 4), (AMOUNT - 2, 1), (AMOUNT - 1, 1)]

    go(tmp_path, gated(tmp_path), story)


def test_a_link_that_blocks_its_source_is_removed(tmp_path: Path) -> None:
    """The source goes on to its other consumer; what waited and what was in hand is said, counted, and kept nowhere."""
    files = {name: str(tmp_path / name) for name in ("file", "tries", "gate")}
    a, b, c, d = (RoutineRef(name, "r") for name in "abcd")
    pipeline = Pipeline(
        "p",
        (
            Flow("a", (Routine("r", "frames:Source", {"amount": AMOUNT}),)),
            Flow("b", (Routine("r", "frames:GatedStore", {**files, "at": AT, "added": 0}),), watchdog=PATIENT),
            Flow("c", (Routine("r", "frames:Store", {"file": str(tmp_path / "others"), "added": 0}),)),
            Flow("d", (Routine("r", "frames:Source", {"amount": 20}),)),
        ),
        (blocking := Link(a, b), Link(a, c), Link(d, b)),
        path=(str(HERE),),
        shm_limit=16 << 20,
    )

    async def story(live: Live) -> None:
        await live.until(lambda: tries(tmp_path) == ["1"], f"{AT} in hand")
        await live.until(lambda: live.link(0).waiting == 4, "a full link")
        delivered = live.link(0).delivered
        run = live.supervisor.pipelines["p"].runs.present
        assert run is not None
        await renew(live, replace(pipeline, links=pipeline.links[1:]), {"a", "b"})
        (notice,) = live.notices(NoticeKind.MESSAGES_UNLINKED)
        assert notice.message == "5 messages of a/r -> b/r are dropped: it was removed"
        assert notice.details == {"waiting": "4", "in_hand": "1"}
        assert [link.source for link in live.view().links] == ["a/r", "d/r"]

        def gone() -> LinkView | None:  # both ends have counted, and given back what they held
            link = run.segments.link_view(blocking)
            return link if (link.in_flight, link.leased, link.dropped) == (0, 0, {"unlinked": 5}) else None

        last = await live.until(gone, "its end")
        assert last is not None
        assert (last.delivered, last.produced) == (delivered, delivered + 5)
        assert (await live.supervisor.wait_ended("p")).state is State.EXITED
        assert [(link.produced, link.delivered) for link in live.view().links] == [(AMOUNT, AMOUNT), (20, 20)]
        assert live.flow("c").generation == 1
        assert tries(tmp_path) == ["1"]

    go(tmp_path, pipeline, story)

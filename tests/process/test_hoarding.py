"""Arrays that a consumer keeps: right for ever, and everybody can see who keeps them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.names import Policy, RoutineRef, Target
from pipertd.supervisor.view import EventAnswer, LinkView, Notice, NoticeKind, State
from tests.process.supervised import DEADLINE_S, Live, chain, flow, go


def frames(*classes: str, policy: Policy = Policy.WAIT, **params: object) -> Pipeline:
    """The pipeline ``p`` of flows a, b, c, with one of these routines each; ``params`` are the source's."""
    names = "abc"[: len(classes)]
    made = chain(*(flow(name, "Count") for name in names))
    flows = tuple(
        Flow(name, (Routine("r", f"frames:{each}", params if name == "a" else {}),))
        for name, each in zip(names, classes, strict=True)
    )
    return replace(made, flows=flows, links=tuple(replace(link, policy=policy) for link in made.links))


async def all_kept(live: Live) -> tuple[LinkView, ...]:
    """Both links, when c has kept whatever came to it; else nothing. What it kept is right at any time."""
    answer = await told(live, "CHECK", "c")
    first, second = live.view().links
    assert isinstance(answer.value, dict) and answer.value["right"]
    counts = {answer.value["kept"], second.leased, second.delivered}
    return (first, second) if len(counts) == 1 and first.leased == first.delivered else ()


async def told(live: Live, event: str, flow_name: str) -> EventAnswer:
    (answer,) = await live.supervisor.notify(event, Target("p", flow_name), {}, DEADLINE_S)
    assert answer.error is None
    return answer


def test_who_keeps_every_frame_stalls_its_link_and_is_named(tmp_path: Path) -> None:
    """With `wait` the link stands still, kept frames stay what they were, and status says who holds what, and where."""

    async def story(live: Live) -> None:
        def told_of_source() -> list[Notice]:  # the relay may have to wait for the same arrays, and says so too
            return [each for each in live.notices(NoticeKind.SLOTS_HOARDED) if each.flow == "a"]

        (notice,) = await live.until(told_of_source, "a notice")
        assert notice.routine == "r"
        assert "c/r" in notice.message
        assert live.link(0).blocked_by == "c/r"
        first, second = await live.until_answered(partial(all_kept, live), "c to have all that there is room for")
        assert second.leased_by == ("c/r",)
        assert first.leased_by == ("c/r",)
        assert first.bytes >= 50_000 * first.leased
        assert second.bytes == 0
        age_s = first.oldest_age_s
        assert age_s is not None
        await live.until(lambda: (live.link(0).oldest_age_s or 0.0) > age_s, "it to grow older")
        await told(live, "FORGET", "c")
        await live.until(lambda: live.link(1).delivered > second.delivered, "it to go on")

    go(tmp_path, frames("Frames", "Relay", "Hoard"), story)


def test_what_came_through_a_link_within_a_flow_is_passed_on_too(tmp_path: Path) -> None:
    """A second routine sends on what the first one took, in the slot of the source; status says who keeps it."""
    relays = tuple(Routine(name, "frames:Relay") for name in ("first", "second"))
    flows = (Flow("a", (Routine("r", "frames:Frames"),)), Flow("b", relays), Flow("c", (Routine("r", "frames:Hoard"),)))
    refs = [RoutineRef("a", "r"), RoutineRef("b", "first"), RoutineRef("b", "second"), RoutineRef("c", "r")]
    made = chain(*(flow(name, "Count") for name in "abc"))
    passing = replace(made, flows=flows, links=tuple(Link(one, two) for one, two in pairwise(refs)))

    async def story(live: Live) -> None:
        await live.until(lambda: live.link(2).leased > 3 and live.link(0).leased_by == ("c/r",), "frames that are kept")
        answer = await told(live, "CHECK", "c")
        assert isinstance(answer.value, dict) and answer.value["right"]
        assert live.link(2).bytes == 0
        before = live.link(2).delivered
        await told(live, "FORGET", "c")
        await live.until(lambda: live.link(2).delivered > before, "it to go on")

    go(tmp_path, passing, story)


@pytest.mark.parametrize("policy", [Policy.DROP_OLDEST, Policy.DROP_NEWEST])
def test_who_keeps_every_frame_of_a_link_that_drops_gets_no_changed_one(tmp_path: Path, policy: Policy) -> None:
    """The source goes on, what finds no slot is counted as dropped, and kept frames stay what they were."""

    async def story(live: Live) -> None:
        dropped = await live.until(lambda: live.link().leased > 2 and sum(live.link().dropped.values()), "drops")
        await live.until(lambda: sum(live.link().dropped.values()) > dropped + 100, "the source to go on")
        answer = await told(live, "CHECK", "b")
        assert isinstance(answer.value, dict)
        assert answer.value["right"] and answer.value["kept"] > 2

    go(tmp_path, frames("Frames", "Hoard", policy=policy), story)


def test_nothing_is_held_when_the_run_is_over(tmp_path: Path) -> None:
    """What somebody kept of it is gone with its memory, and what was counted stays."""

    async def story(live: Live) -> None:
        await live.until(lambda: live.link().leased > 2, "frames that are kept")
        await live.supervisor.stop(Target("p"))
        link = live.link()
        assert (link.leased, link.leased_by, link.bytes, link.blocked_by) == (0, (), 0, None)
        assert link.delivered > 2

    go(tmp_path, frames("Frames", "Hoard", policy=Policy.DROP_NEWEST), story)


def test_cycles_of_a_consumer_that_idles_give_their_slots_back(tmp_path: Path) -> None:
    """A closure that names itself holds its frame until the collector runs, which it does before the routine sleeps."""

    async def story(live: Live) -> None:
        await live.until(lambda: live.link().delivered == 100 and live.link().leased == 0, "all slots back")
        await live.until(lambda: live.flow("b").state is State.RUNNING, "b to run on")

    go(tmp_path, frames("Frames", "Tangle", amount=100, then_idles=True), story)


def test_rates_and_shares_are_measured(tmp_path: Path) -> None:
    """While messages flow their link has a rate, and a routine that computes is busy for a share of the time."""

    async def story(live: Live) -> None:
        def measured() -> bool:
            routines = {each.flow: each for each in live.view().routines}
            return live.link().rate > 0 and 0 < routines["a"].busy <= 1 and routines["b"].rate > 0

        await live.until(measured, "rates")

    go(tmp_path, frames("Frames", "Tangle"), story)

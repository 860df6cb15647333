"""Links that come and go between two generations, wherever their ends died: all is counted, and every slot free."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from pipertd.definition.model import MIB, Ends, Flow, Link, Pipeline, Routine
from pipertd.errors import LedgerInUse, SegmentError
from pipertd.names import Policy, RoutineRef
from pipertd.shm.consumer import Consumer
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import OutLink
from pipertd.shm.slots import Slots
from pipertd.supervisor.segments import PipelineSegments
from tests.unit.shm.world import DESTINATION, FAN_OUT, MIDDLE, SOURCE, Violation, World

# which links there are: source → middle, middle → destination, source → fan-out, middle → fan-out
FROM_SOURCE, FROM_MIDDLE, ALL = (True, True, True, False), (True, True, False, True), (True, True, True, True)
CHANGES = {
    "a link goes": (ALL, FROM_MIDDLE),
    "a link comes": (FROM_MIDDLE, ALL),
    "a middle's link comes": (FROM_SOURCE, ALL),
    "one comes for another": (FROM_MIDDLE, FROM_SOURCE),
    "the destination goes": (ALL, (True, False, True, True)),
    "the middle goes": (FROM_MIDDLE, (False, False, True, False)),
}


def change_before_store(
    victim: str, store: int, second: int | None, change: tuple[tuple[bool, ...], ...], policy: Policy
) -> bool:
    """Have links come or go when ``victim`` is at its n-th store, and back ``second`` stores of its successor later.

    The source goes ahead of the others, so that something waits. Whether the victim came to that store at all.
    """
    before, after = change
    depths, policies = (2, 2, 2, 2), (policy, policy, policy, policy)
    world = World(
        messages=8,
        depths=depths,
        policies=policies,
        passes_on=store % 4 > 1,
        lends=store % 2 == 1,
        linked=before,
        capacity=8,
        seed=store,
    )
    try:
        actor, source = world.actors[victim], world.actors[SOURCE]
        for crash_at, linked in ((store, after), (second, before)):
            if crash_at is None:
                continue
            if not world.run_to_store(actor, crash_at, (*world.actors.values(), source)):
                return False
            world.change(depths, policies, linked)
            world.check_now()
        world.run_to_rest()
        world.check_at_rest()
        return True
    finally:
        world.close()


def change_everywhere(
    victim: str, stores: range, change: tuple[tuple[bool, ...], ...], policy: Policy, *, again: bool = False
) -> int:
    """Change at each of these stores, and ``again`` in the recovery; how many of them the victim came to."""
    return sum(
        change_before_store(victim, store, store * 5 % 17 if again else None, change, policy) for store in stores
    )


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_links_come_and_go_at_any_store(change: tuple[tuple[bool, ...], ...], policy: Policy) -> None:
    """Wherever their ends died, what was not delivered on a link that went is counted, and its slots are free."""
    tried = sum(change_everywhere(victim, range(1, 120, 8), change, policy) for victim in (SOURCE, MIDDLE, FAN_OUT))
    assert tried > 10, "too few to mean anything"


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_links_come_back_in_the_middle_of_recovery(change: tuple[tuple[bool, ...], ...], policy: Policy) -> None:
    """A link that comes back is the same one, and goes on with its counts."""
    tried = sum(
        change_everywhere(victim, range(2, 120, 13), change, policy, again=True)
        for victim in (SOURCE, MIDDLE, DESTINATION, FAN_OUT)
    )
    assert tried > 5, "too few to mean anything"


def leave_what_waits(patch: pytest.MonkeyPatch) -> None:
    """The producer forgets what waits on a link that was removed."""
    patch.setattr(OutLink, "drop_what_waits", lambda *_: None)


def drop_before_all_have_recovered(patch: pytest.MonkeyPatch) -> None:
    """A slot is free when one link lets go of it, though another one was not asked yet."""
    honest = OutLink.recover

    def recover(out: OutLink, published: int, slots: Slots) -> None:
        honest(out, published, slots)
        if out.unlinked:
            out.drop_what_waits(slots)

    patch.setattr(OutLink, "recover", recover)


def keep_what_was_taken(patch: pytest.MonkeyPatch) -> None:
    """A successor does not take back the slots of a link that was removed."""
    honest = Consumer.put_right

    def put_right(consumer: Consumer, *arguments: Any) -> None:
        links, consumer._links = consumer._links, [link for link in consumer._links if not link.unlinked]
        try:
            honest(consumer, *arguments)
        finally:
            consumer._links = links

    patch.setattr(Consumer, "put_right", put_right)


def find_in(*changes: tuple[tuple[bool, ...], ...]) -> None:
    """Change wherever the middle or the fan-out is."""
    for change in changes:
        for victim in (MIDDLE, FAN_OUT):
            change_everywhere(victim, range(2, 120, 3), change, Policy.WAIT, again=True)


@pytest.mark.parametrize(
    "broken", [leave_what_waits, drop_before_all_have_recovered, keep_what_was_taken], ids=lambda each: each.__name__
)
def test_breaking_a_rule_of_unlinking_is_found(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search would find it."""
    broken(monkeypatch)
    with pytest.raises((Violation, SegmentError, msgspec.DecodeError, IndexError)):
        find_in(CHANGES["one comes for another"], CHANGES["the middle goes"])


A, B, C, D = (RoutineRef(name, "r") for name in "abcd")
PIPELINE = Pipeline(
    "p",
    tuple(Flow(name, (Routine("r", "no:Code"),)) for name in "abcd"),
    (Link(A, B), Link(B, C), Link(A, D)),
    shm_limit=8 * MIB,
)


@pytest.fixture
def segments() -> Iterator[PipelineSegments]:
    made = PipelineSegments(PIPELINE)
    yield made
    made.close()


def with_links(*links: Link) -> Pipeline:
    return replace(PIPELINE, links=links)


def test_a_link_that_goes_concerns_its_ends_alone(segments: PipelineSegments) -> None:
    """Who reads further on what came by it still has the pool of its source."""
    changed = with_links(PIPELINE.links[1], PIPELINE.links[2])
    pools = segments.flow_specs("c")[0].read_pools
    assert segments.misfits(changed) == []
    assert segments.concerned(changed) == {"a", "b"}
    segments.renew(changed)
    assert segments.flow_specs("c")[0].read_pools == pools
    assert [each.unlinked for each in segments.flow_specs("a")[0].outputs] == [True, False]
    assert [each.unlinked for each in segments.flow_specs("b")[0].inputs] == [True]
    assert [f"{view.source} {view.destination}" for view in segments.link_views()] == ["b/r c/r", "a/r d/r"]


def test_a_link_that_comes_concerns_all_behind_it(segments: PipelineSegments) -> None:
    """What comes by it may lie in pools that they have not mapped."""
    changed = with_links(*PIPELINE.links, Link(D, B))
    alone = replace(changed, links=(*PIPELINE.links, Link(A, C)))
    assert segments.concerned(alone) == {"a", "c"}
    assert segments.misfits(changed) == [
        "d/r -> b/r begins at d/r, which has no pool in this run: it had no link to another flow"
    ]


def test_a_link_keeps_its_place_when_it_comes_back(segments: PipelineSegments) -> None:
    """So its counts go on, and no place is used up."""
    before = {name: segments.flow_specs(name) for name in "abcd"}
    for _ in range(20):
        segments.renew(with_links(PIPELINE.links[0], PIPELINE.links[1]))
        assert segments.flow_specs("a") != before["a"]
        segments.renew(PIPELINE)
    assert {name: segments.flow_specs(name) for name in "abcd"} == before


def test_a_link_that_comes_has_a_ring_of_its_own(segments: PipelineSegments) -> None:
    """It lies behind all that was there, which nobody who has it mapped finds at another place."""
    fds = [segments.flow_specs(name)[0].ledger_fd for name in "ac"]
    source, destination = (Ledger(fd, writable=False).layout for fd in fds)
    segments.renew(with_links(*PIPELINE.links, Link(A, C, depth=60)))
    grown, grown_destination = (Ledger(fd, writable=False).layout for fd in fds)
    assert (grown.outs[:2], grown_destination.ins[:1]) == (source.outs, destination.ins)
    assert (grown.outs[2].capacity, grown_destination.ins[1].capacity) == (64, destination.ins[0].capacity)
    assert replace(grown, outs=source.outs) == source
    view = segments.link_view(Link(A, C, depth=60))
    assert (view.produced, view.waiting, view.depth) == (0, 0, 60)


def test_as_many_links_come_as_there_are_places(segments: PipelineSegments) -> None:
    """Then it is said that a new run is needed."""
    flows = (*PIPELINE.flows, *(Flow(f"x{number}", (Routine("r", "no:Code"),)) for number in range(10)))
    ends: list[Ends] = [(A, RoutineRef(flow.name, "r")) for flow in flows[4:]]
    pipeline = replace(PIPELINE, flows=flows, links=(Link(A, B), Link(B, C), *(Link(B, end) for _, end in ends)))
    many = PipelineSegments(pipeline)
    try:
        more = [*pipeline.links, *(Link(*each) for each in ends)]
        assert many.misfits(replace(pipeline, links=tuple(more[:-2]))) == []
        assert many.misfits(replace(pipeline, links=tuple(more))) == [
            "a/r has had as many links as it has place for in this run"
        ]
    finally:
        many.close()


def test_a_ledger_that_is_in_use_is_not_grown(segments: PipelineSegments) -> None:
    """Its flow would not be at rest: nothing has changed then."""
    own = segments.flow_specs("a")[0].ledger_fd
    before = segments.flow_specs("a")
    with pytest.raises(LedgerInUse):
        with_a_holder(own, lambda: segments.renew(with_links(*PIPELINE.links, Link(A, C))))
    assert segments.flow_specs("a") == before


def with_a_holder(fd: int, do: Callable[[], object]) -> None:
    """Do it while another process holds the ledger's lock."""
    code = "import fcntl, sys; fcntl.lockf(int(sys.argv[1]), fcntl.LOCK_EX, 1, 0); print(flush=True); sys.stdin.read()"
    os.set_inheritable(fd, True)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(fd)], pass_fds=[fd], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.read(1)
        do()

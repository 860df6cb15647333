"""Links that become deeper, less deep, or another policy's between two generations, wherever their ends died."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import msgspec
import pytest

from pipertd.definition.model import MIB, Flow, Link, Pipeline, Routine
from pipertd.errors import SegmentError
from pipertd.names import Policy, RoutineRef
from pipertd.shm import layout as at
from pipertd.shm.inlink import InLink, Writer
from pipertd.shm.ledger import Ledger
from pipertd.shm.outlink import OutLink
from pipertd.supervisor.segments import PipelineSegments
from tests.unit.shm.world import DESTINATION, FAN_OUT, MIDDLE, SOURCE, Violation, World

WAIT, OLDEST, NEWEST = Policy.WAIT, Policy.DROP_OLDEST, Policy.DROP_NEWEST


class State(NamedTuple):
    """What all links of the world are."""

    depth: int
    policy: Policy


CHANGES = [
    (State(1, WAIT), State(4, WAIT)),
    (State(4, WAIT), State(1, WAIT)),
    (State(3, WAIT), State(1, OLDEST)),
    (State(4, WAIT), State(2, NEWEST)),
    (State(2, OLDEST), State(4, WAIT)),
    (State(4, OLDEST), State(1, OLDEST)),
    (State(2, NEWEST), State(3, OLDEST)),
]


def change_before_store(victim: str, store: int, second: int | None, change: tuple[State, State]) -> bool:
    """Change all links when ``victim`` is at its n-th store, kill its successor ``second`` stores later, change back.

    The source goes ahead of the others, so that something waits. Whether the victim came to that store at all.
    """
    before, after = change
    world = World(
        messages=9,
        depths=(before.depth,) * 3,
        policies=(before.policy,) * 3,
        passes_on=store % 4 == 3,
        lends=store % 2 == 1,
        capacity=4,
        seed=store,
    )
    try:
        actor, source = world.actors[victim], world.actors[SOURCE]
        for crash_at, state in ((store, after), (second, before)):
            if crash_at is None:
                continue
            if not world.run_to_store(actor, crash_at, (*world.actors.values(), source, source)):
                return False
            concerned = world.change((state.depth,) * 3, (state.policy,) * 3)
            assert concerned == set(world.actors)
            world.check_now()
        world.run_to_rest()
        world.check_at_rest()
        return True
    finally:
        world.close()


def change_everywhere(victim: str, stores: range, change: tuple[State, State], *, again: bool = False) -> int:
    """Change at each of these stores, and ``again`` in the recovery; how many of them the victim came to."""
    return sum(change_before_store(victim, store, store * 5 % 17 if again else None, change) for store in stores)


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("victim", [SOURCE, MIDDLE, DESTINATION])
def test_a_change_before_any_store_keeps_every_message(victim: str, change: tuple[State, State]) -> None:
    """Wherever the ends of a link died, their successors go on with another depth or policy, and lose nothing."""
    assert change_everywhere(victim, range(1, 130, 5), change) > 5, "too few to mean anything"


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_a_change_back_in_the_middle_of_recovery_keeps_every_message(change: tuple[State, State]) -> None:
    """Who puts things right under a new depth may die, and its successor has the old one again."""
    for victim in (SOURCE, MIDDLE, FAN_OUT):
        assert change_everywhere(victim, range(5, 110, 13), change, again=True) > 2, "too few to mean anything"


def index_by_depth(patch: pytest.MonkeyPatch) -> None:
    """The place of an entry depends on how deep its link is now."""
    honest = OutLink.__init__

    def init(out: OutLink, ledger: Ledger, *rest: object) -> None:
        honest(out, ledger, *rest)  # type: ignore[arg-type]
        out._capacity = out._depth

    patch.setattr(OutLink, "__init__", init)


def forget_what_was_evicted(patch: pytest.MonkeyPatch) -> None:
    """Who reads a link that waits now does not look what it dropped before."""
    honest = InLink.__init__

    def init(link: InLink, ledger: Ledger, slot: int, writer: Writer) -> None:
        honest(link, ledger, slot, writer)
        link._next = link.taken

    patch.setattr(InLink, "__init__", init)


@pytest.mark.parametrize(
    ("broken", "change"),
    [(index_by_depth, CHANGES[1]), (forget_what_was_evicted, CHANGES[4])],
    ids=["index_by_depth", "forget_what_was_evicted"],
)
def test_breaking_a_rule_of_changes_is_found(
    monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], None], change: tuple[State, State]
) -> None:
    """The search would find it."""
    broken(monkeypatch)
    with pytest.raises((Violation, SegmentError, msgspec.DecodeError)):
        change_everywhere(SOURCE, range(1, 120, 3), change)


A, B, C = (RoutineRef(name, "r") for name in "abc")
PIPELINE = Pipeline(
    "p",
    tuple(Flow(name, (Routine("r", "no:Code"),)) for name in "abc"),
    (Link(A, B), Link(B, C, depth=100)),
    shm_limit=8 * MIB,
)


@pytest.fixture
def segments() -> Iterator[PipelineSegments]:
    made = PipelineSegments(PIPELINE)
    yield made
    made.close()


def with_links(*links: Link) -> Pipeline:
    return replace(PIPELINE, links=links)


def test_a_change_concerns_the_ends_of_its_link_alone(segments: PipelineSegments) -> None:
    """Nobody else is told anything else, whatever the order of the links in the file."""
    first, second = PIPELINE.links
    assert segments.concerned(with_links(second, first)) == set()
    assert segments.concerned(with_links(second, replace(first, depth=64))) == {"a", "b"}
    assert segments.concerned(with_links(replace(second, policy=OLDEST), first)) == {"b", "c"}
    assert segments.concerned(with_links(replace(first, max_age_s=1.0), second)) == {"b"}


def test_a_ring_has_place_for_64_messages_or_more(segments: PipelineSegments) -> None:
    """A link may become as deep as the power of two from its first depth on, or 64; else it is said why not."""
    first, second = PIPELINE.links
    assert segments.misfits(with_links(replace(first, depth=64), replace(second, depth=128))) == []
    (misfit, *_) = segments.misfits(with_links(replace(first, depth=65), second))
    assert misfit == "the ring of a/r -> b/r has place for 64 messages in this run, and not for 65"
    (misfit, *_) = segments.misfits(with_links(first, replace(second, depth=4096)))
    assert misfit == "the ring of b/r -> c/r has place for 128 messages in this run, and not for 4096"
    with pytest.raises(SegmentError, match="cannot change p while it runs: the ring of a/r -> b/r has place for 64"):
        segments.renew(with_links(replace(first, depth=65), second))
    assert segments.flow_specs("a")[0].outputs[0].depth == 4


@pytest.mark.parametrize(
    ("changed", "misfit"),
    [
        (replace(PIPELINE, shm_limit=16 * MIB), "shm_limit is split among the pools when a run begins"),
        (replace(PIPELINE, flows=PIPELINE.flows[:2]), "routines are given their segments when a run begins"),
    ],
)
def test_what_the_segments_cannot_take_is_said(segments: PipelineSegments, changed: Pipeline, misfit: str) -> None:
    """Each has one reason."""
    assert segments.misfits(changed) == [misfit]


def test_what_is_told_of_a_link_is_its_place_in_the_run(segments: PipelineSegments) -> None:
    """A file that orders its links anew does not exchange them."""
    before = [segments.flow_specs(flow) for flow in "abc"]
    segments.renew(with_links(*reversed(PIPELINE.links)))
    assert [segments.flow_specs(flow) for flow in "abc"] == before
    assert [str(link) for link in segments.record().links] == ["a/r -> b/r", "b/r -> c/r"]


def test_capacity_is_where_the_layout_says(segments: PipelineSegments) -> None:
    """The ring of a link in the ledger has place for its capacity, and for no more than is told."""
    layout = Ledger(segments.flow_specs("b")[0].ledger_fd, writable=False).layout
    assert [out.capacity for out in layout.outs] == [128]
    assert layout.outs[0].entry(128) == layout.outs[0].entry(0) == layout.outs[0].base + at.O_RING

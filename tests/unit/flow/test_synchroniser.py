"""The synchroniser, on real ledgers: demands go up the links hop by hop."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from pipertd.definition.model import Flow, Link, Pacing, Pipeline, Routine
from pipertd.flow.demand import SLACK
from pipertd.flow.pacing import Pace
from pipertd.flow.synchroniser import LOOK_S, Synchroniser, onward
from pipertd.names import Policy, RoutineRef
from pipertd.shm import layout as at
from pipertd.shm.ledger import Ledger
from pipertd.shm.status import Activity, StatusWriter
from pipertd.supervisor.segments import PipelineSegments


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Member:
    """One routine without its code: its ledger, its pace and its synchroniser."""

    def __init__(self, segments: PipelineSegments, name: str, clock: Clock) -> None:
        (spec,) = segments.flow_specs(name)
        assert spec.paced
        self.ledger = Ledger(spec.ledger_fd, writable=True)
        self.status = StatusWriter(self.ledger)
        self.status.begin("source" if not spec.inputs else "middle", 1)
        self.status.enter(Activity.WORKING)
        self.clock, self.pace = clock, Pace(None, clock)
        self.synchroniser = Synchroniser(
            self.ledger, onward(spec, {}), self.status, self.pace, is_source=not spec.inputs, clock=clock
        )

    def works(self, each_s: float, *, publishes: int = 10, of: int = 10) -> None:
        """``main_logic`` is called so often, and takes so long; then it is time to look."""
        words, base = self.ledger.words, self.ledger.layout.status
        words[base + at.S_HANDLED] += of
        words[base + at.S_BUSY_NS] += round(each_s * 1e9) * of
        words[self.ledger.layout.commit_copy(words[self.ledger.layout.commit]) + at.C_PUBLISHED] += publishes
        self.clock.now_s += LOOK_S
        self.synchroniser.look()

    def takes(self, slot: int, count: int) -> None:
        self.ledger.words[self.ledger.layout.ins[slot].base + at.I_TAKEN] += count

    def gives(self, column: int, count: int) -> None:
        self.ledger.words[self.ledger.layout.outs[column].base + at.O_HEAD] += count

    @property
    def demand_s(self) -> float:
        return self.ledger.words[self.ledger.layout.status + at.S_DEMAND_NS] / 1e9


Members = dict[str, Member]
LINKS = [("one", "middle"), ("two", "middle"), ("middle", "fast"), ("middle", "slow")]


@pytest.fixture
def members() -> Iterator[Members]:
    """Sources one and two → middle → fast and slow, by links that drop."""
    flows = tuple(Flow(name, (Routine(name, "no:Code"),)) for name in ("one", "two", "middle", "fast", "slow"))
    links = tuple(Link(RoutineRef(a, a), RoutineRef(b, b), Policy.DROP_OLDEST) for a, b in LINKS)
    segments = PipelineSegments(Pipeline("p", flows, links, pacing=Pacing.AUTO, shm_limit=16 << 20))
    clock = Clock()
    found = {flow.name: Member(segments, flow.name, clock) for flow in flows}
    yield found
    found.clear()
    gc.collect()  # a mapping keeps a descriptor
    segments.close()


def test_demands_go_up_to_the_sources(members: Members) -> None:
    """A source before a fast middle is held to what the fastest of those behind it can take."""
    members["slow"].works(0.5)
    members["fast"].works(0.02)
    members["middle"].works(0.001)
    members["one"].works(0.0001)
    assert members["fast"].demand_s == pytest.approx(0.02)
    assert members["middle"].demand_s == pytest.approx(0.02 * SLACK)
    assert members["one"].pace.period_s == pytest.approx(0.02 * SLACK**2)
    assert members["one"].demand_s == pytest.approx(0.02 * SLACK**2)


def test_a_routine_is_held_by_its_own_work_too(members: Members) -> None:
    """Where a middle is slower than what lies behind it, that is what it says."""
    members["fast"].works(0.02)
    members["slow"].works(0.5)
    members["middle"].works(0.1)
    assert members["middle"].demand_s == pytest.approx(0.1)


def test_fps_of_a_consumer_counts(members: Members) -> None:
    """Who takes at most ten a second can take no more, however quick it is."""
    members["fast"].pace.change(10)
    members["fast"].works(0.001)
    assert members["fast"].demand_s == pytest.approx(0.1)


def test_one_slow_call_is_no_pace(members: Members) -> None:
    """The first message, for which code is loaded, say, does not hold sources for long."""
    members["fast"].works(2.0, of=1)
    members["fast"].works(0.02, of=1)
    assert members["fast"].demand_s == pytest.approx(0.02)


def test_a_paused_consumer_holds_nobody(members: Members) -> None:
    """While the fast branch is paused the slow one sets the pace; then the fast one does again."""
    members["fast"].works(0.02)
    members["slow"].works(0.1)
    members["fast"].status.enter(Activity.PAUSED)
    members["middle"].works(0.001)
    assert members["middle"].demand_s == pytest.approx(0.1 * SLACK)
    members["fast"].status.enter(Activity.IDLE)
    members["middle"].works(0.001)
    assert members["middle"].demand_s == pytest.approx(0.02 * SLACK)


def test_a_filter_is_fed_in_full(members: Members) -> None:
    """Before a middle that passes on one message of ten, a source may give ten times what the next one can take."""
    members["fast"].works(0.1)
    members["slow"].works(0.5)
    members["middle"].works(0.001, publishes=1, of=10)
    assert members["middle"].demand_s == pytest.approx(0.01 * SLACK)


def test_sources_leave_each_other_room(members: Members) -> None:
    """A source gives what the other one leaves of what both can, and each at least half of it."""
    for name in ("fast", "slow"):
        members[name].works(0.02)
    for _ in range(20):
        members["middle"].works(0.02)
        members["middle"].takes(1, 1)  # ten a second of source two
        for source in ("one", "two"):
            members[source].works(0.001)
    alone_s = members["middle"].demand_s * SLACK
    assert members["two"].pace.period_s == pytest.approx(alone_s, rel=0.01)
    # Each look of one source takes the other's time here too: three members look a round, and two sources.
    assert alone_s < members["one"].pace.period_s <= 2 * alone_s


def test_who_joins_takes_one_of_each(members: Members) -> None:
    """Sources whose messages are joined do not share their consumer: each gives one for each set."""
    for name in ("fast", "slow"):
        members[name].works(0.001)
    members["middle"].status.joins(True)
    for _ in range(20):
        members["middle"].works(0.02)
        members["middle"].takes(0, 10)
        members["middle"].takes(1, 10)
        members["one"].works(0.001)
    assert members["one"].pace.period_s == pytest.approx(members["middle"].demand_s * SLACK)

"""What is said of a manifest that can be read and makes no sense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.names import RoutineRef
from pipertd.supervisor.contradiction import find_contradiction
from pipertd.supervisor.manifest import (
    FlowRecord,
    GenerationRecord,
    HomeRecord,
    Manifest,
    ProcessRecord,
    RestartsRecord,
    SegmentsRecord,
)
from pipertd.supervisor.procfs import Identity
from pipertd.supervisor.view import State

LINK = Link(RoutineRef("a", "count"), RoutineRef("b", "sink"))
FLOWS = tuple(Flow(name, (Routine(routine, "module:Class"),)) for name, routine in (("a", "count"), ("b", "sink")))


def generation(pid: int) -> GenerationRecord:
    return GenerationRecord(
        process=ProcessRecord(pid=pid, started=1),
        mark="",
        nonce="",
        protocol=1,
        launched_s=1.0,
        ready_s=None,
        asked_s=None,
        why_killed="",
        failure=None,
        cut=False,
    )


def flow(pid: int) -> FlowRecord:
    return FlowRecord(
        state=State.RUNNING,
        since_s=1.0,
        wanted=True,
        reason="",
        failure=None,
        generation=1,
        living=generation(pid),
        restarts=RestartsRecord(count=0, recent=[], delay_s=0.0),
        delay_s=0.0,
        charge=None,
        settling=None,
        standby=None,
    )


def home(number: int, name: str, routine: str) -> HomeRecord:
    ledger, pool, bell = (Identity(1, 10 * number + each) for each in (1, 2, 3))
    return HomeRecord(number=number, flow=name, routine=routine, ledger=ledger, pool=pool, bell=bell)


def manifest() -> Manifest:
    homes = [home(1, "a", "count"), home(2, "b", "sink")]
    return Manifest(
        definition=Pipeline("p", FLOWS, (LINK,)),
        began_s=1.0,
        segments=SegmentsRecord(run="then", guards=Identity(1, 5), links=[LINK], homes=homes),
        stopping=False,
        to_start=[],
        flows={"a": flow(11), "b": flow(12)},
    )


changed = msgspec.structs.replace


def with_b(made: Manifest, **changes: Any) -> Manifest:
    return changed(made, flows={**made.flows, "b": changed(made.flows["b"], **changes)})


def with_memory(made: Manifest, **changes: Any) -> Manifest:
    assert made.segments is not None
    return changed(made, segments=changed(made.segments, **changes))


def with_sink(made: Manifest, **changes: Any) -> Manifest:
    assert made.segments is not None
    first, second = made.segments.homes
    return with_memory(made, homes=[first, changed(second, **changes)])


def test_what_a_daemon_wrote_makes_sense() -> None:
    """Of flows that run, and of others in every state, with no process of them."""
    made = manifest()
    assert find_contradiction(made) == ""
    for state in set(State) - {State.RUNNING}:
        assert find_contradiction(with_b(made, state=state, living=None)) == ""
    at_rest = {name: changed(each, state=State.EXITED, living=None) for name, each in made.flows.items()}
    assert find_contradiction(changed(made, flows=at_rest, segments=None)) == ""


def test_a_link_that_was_removed_during_the_run_has_kept_its_place() -> None:
    """It stands among those of the memory, and not in the definition."""
    made = manifest()
    assert find_contradiction(changed(made, definition=Pipeline("p", FLOWS, ()))) == ""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda made: changed(made, flows={"a": made.flows["a"]}), "its flows are not those of its definition"),
        (lambda made: with_b(made, living=None), "flow b is RUNNING without a process"),
        (lambda made: with_b(made, state=State.FAILED), "flow b is FAILED with a process"),
        (lambda made: with_b(made, living=generation(11)), "a process stands in it twice"),
        (lambda made: with_b(made, settling=ProcessRecord(pid=11, started=1)), "a process stands in it twice"),
        (lambda made: changed(made, segments=None), "its flows are up, and have no shared memory"),
        (lambda made: with_memory(made, homes=[]), "its shared memory is not that of its routines"),
        (lambda made: with_sink(made, routine="other"), "its shared memory is not that of its routines"),
        (lambda made: with_memory(made, links=[]), "its shared memory is not that of its links"),
        (lambda made: with_memory(made, links=[LINK, LINK]), "its shared memory is not that of its links"),
        (
            lambda made: with_memory(made, links=[LINK, Link(RoutineRef("x", "y"), RoutineRef("b", "sink"))]),
            "a link of it has no end",
        ),
        (lambda made: with_sink(made, number=1), "two parts of its shared memory are one"),
        (lambda made: with_sink(made, ledger=Identity(1, 5)), "two parts of its shared memory are one"),
        (lambda made: with_sink(made, bell=Identity(1, 11)), "two parts of its shared memory are one"),
    ],
)
def test_what_no_daemon_wrote_is_told(change: Callable[[Manifest], Manifest], why: str) -> None:
    """In words, of the first thing that is wrong."""
    assert find_contradiction(change(manifest())) == why

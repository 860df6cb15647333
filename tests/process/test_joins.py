"""Messages of several links, joined by the time of their capture."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pipertd.definition.check import check_files
from pipertd.definition.model import Flow, Pipeline, Restart, Routine
from pipertd.names import Policy
from pipertd.supervisor.view import LinkView, State
from tests.process.supervised import Live, go
from tests.process.test_pacing import link, pipeline, routine

STEREO = Path("pipertd/examples/stereo.yaml")
QUICK = Restart(backoff_first_s=0.01, backoff_most_s=0.01, limit=1000)


def check_count(view: LinkView) -> None:
    ended = view.delivered + view.failed + sum(view.dropped.values()) + view.quarantined
    assert view.produced == ended + view.in_flight, view


def with_params(flow: Flow, params: Mapping[str, Mapping[str, object]]) -> Flow:
    return replace(
        flow,
        routines=tuple(replace(each, params={**each.params, **params.get(each.name, {})}) for each in flow.routines),
    )


def stereo(folder: Path) -> Pipeline:
    """The example, shorter."""
    (example,) = check_files([STEREO], classes=False).pipelines
    camera = {"last": 75, "per_s": 12.5}  # six seconds, for one of them may start late
    params: dict[str, Mapping[str, object]] = {
        "left": camera,
        "right": camera,
        "report": {"path": str(folder / "pairs")},
    }
    flows = tuple(with_params(flow, params) for flow in example.flows)
    return replace(example, name="p", flows=flows, autostart=True)


def test_stereo_with_one_camera_late_and_one_that_drops(tmp_path: Path) -> None:
    """Only frames of one moment are joined, and the others are counted: none is lost."""

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        assert view.state is State.EXITED, live.log()
        left, right = view.links[1:3]
        for each in view.links:
            check_count(each)
        assert left.delivered == right.delivered == len((tmp_path / "pairs").read_text().splitlines())
        assert set(left.dropped) == {"unmatched"}
        assert set(right.dropped) <= {"unmatched"}

    go(tmp_path, stereo(tmp_path), story)
    pairs = [json.loads(line) for line in (tmp_path / "pairs").read_text().splitlines()]
    assert pairs
    assert all(each["apart_ms"] <= 20 for each in pairs)  # a camera that is late by itself may join other ticks
    assert {each["disparity"] for each in pairs} == {7}


def both_layouts(left: Routine, right: Routine, join: Routine, *, one_flow: bool) -> tuple[Flow, ...]:
    if one_flow:
        return (Flow("all", (left, right, join)),)
    return tuple(Flow(each.name, (each,), QUICK) for each in (left, right, join))


@pytest.mark.parametrize("one_flow", [False, True])
def test_nobody_waits_for_a_camera_that_stopped(tmp_path: Path, one_flow: bool) -> None:
    """While nothing comes from one, the other goes on, and each of its messages is counted; then they join again."""
    behind, file = tmp_path / "behind", tmp_path / "joined"
    left = Routine("left", "routines:CountBehind", {"behind": str(behind)}, fps=100)
    right = Routine("right", "routines:Count", fps=100)
    flows = both_layouts(left, right, Routine("join", "joined:Join", {"file": str(file)}), one_flow=one_flow)
    home = "all/" if one_flow else ""
    links = tuple(
        link(f"{home or source + '/'}{source}", f"{home or 'join/'}join", depth=4) for source in ("left", "right")
    )

    async def story(live: Live) -> None:
        await live.until(lambda: live.link(1).dropped.get("unmatched", 0) > 20, "messages without a match")
        before = live.link(0).delivered
        behind.touch()
        await live.until_handled(before + 10)
        # A look reads one word after the other, and messages pass meanwhile.
        await live.until(lambda: all(each.waiting <= 4 for each in live.view().links), "no more than there is room for")

    go(tmp_path, pipeline(*flows, links=links), story)


def test_a_set_comes_again_whole(tmp_path: Path) -> None:
    """Whoever is killed with joined messages in hand is given all of them again, and the same ones together."""
    file = tmp_path / "joined"
    sources = [routine(name, "routines:Count", amount=100, fps=100) for name in ("left", "right")]
    join = replace(routine("join", "joined:JoinAndDie", file=file), restart=QUICK)
    links = tuple(link(each, "join", depth=128) for each in ("left", "right"))  # who starts first waits for the other

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        assert view.state is State.EXITED, live.log()
        for each in view.links:
            check_count(each)
            assert not each.in_flight
        assert live.flow("join").generation == 2

    go(tmp_path, pipeline(*sources, join, links=links), story)
    lines = [tuple(map(int, line.split())) for line in file.read_text().splitlines()]
    (one, two) = [each for each in lines if each[0] == 10]
    assert one[:2] == two[:2]
    assert (one[2:], two[2:]) == ((1, 1), (2, 2))


def test_what_is_made_of_a_set_goes_on(tmp_path: Path) -> None:
    """Within one flow too, a set is acknowledged when its output is handled; the end passes behind the last of them."""
    routines = (
        Routine("left", "routines:Count", {"amount": 30}, fps=100),
        Routine("right", "routines:Count", {"amount": 30}, fps=100),
        Routine("add", "joined:Add"),
        Routine("write", "routines:Write", {"file": str(tmp_path / "sums")}),
    )
    ends = [("left", "add"), ("right", "add"), ("add", "write")]
    links = tuple(link(f"all/{one}", f"all/{two}", depth=8) for one, two in ends)

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        assert view.state is State.EXITED, live.log()
        left, right, out = view.links
        for each in view.links:
            check_count(each)
        assert left.delivered == right.delivered == out.delivered > 0

    go(tmp_path, pipeline(Flow("all", routines), links=links), story)


DEFINITION = """
pipeline: p
path: [PATH]
flows:
  a: {routines: {left: {class: routines:Count}, rihgt: {class: routines:Count}, third: {class: routines:Count}}}
  b: {routines: {join: {class: joined:Add}, write: {class: routines:Write, params: {file: /dev/null}}}}
links:
  - {from: left, to: [join]}
  - {from: rihgt, to: [join]}
  - {from: third, to: [join]}
  - {from: join, to: [write]}
"""


def test_the_check_knows_what_is_joined(tmp_path: Path) -> None:
    """A name without a link, a link without a name, and a main_logic that takes another number are said."""
    file = tmp_path / "p.yaml"
    file.write_text(DEFINITION.replace("PATH", str(Path(__file__).parent)))
    said = [str(each) for each in check_files([file]).problems]
    assert any("p.yaml:6:" in each and "cannot join 'right'" in each and "'rihgt'" in each for each in said), said
    assert any("third -> b/join" in each and "takes nothing else" in each for each in said), said
    file.write_text(file.read_text().replace("joined:Add", "joined:Mistaken"))
    (said_of_class,) = [str(each) for each in check_files([file]).problems]
    assert "takes a message each of left, right" in said_of_class


@pytest.mark.parametrize("policy", [Policy.WAIT, Policy.DROP_OLDEST])
def test_one_message_may_wait_for_another(tmp_path: Path, policy: Policy) -> None:
    """On links that are but one message deep, too, the first of a pair is there when the second comes."""
    sources = [routine(name, "routines:Count", fps=50) for name in ("left", "right")]
    links = tuple(link(name, "join", depth=1, policy=policy) for name in ("left", "right"))

    async def story(live: Live) -> None:
        for place in (0, 1):
            await live.until_handled(10, place)

    go(tmp_path, pipeline(*sources, routine("join", "joined:Join", file=tmp_path / "joined"), links=links), story)


def test_a_set_that_kills_is_put_aside(tmp_path: Path) -> None:
    """Of a set that ends its process again and again nobody can tell which one does it: all go, the rest goes on."""
    sources = [routine(name, "routines:Count", amount=60, fps=50) for name in ("left", "right")]
    join = replace(routine("join", "joined:JoinAndEnd", file=tmp_path / "joined"), restart=QUICK)
    links = tuple(
        link(each, "join", depth=64, max_deliveries=2) for each in ("left", "right")
    )  # who starts first waits

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        assert view.state is State.EXITED, live.log()
        left, right = view.links
        for each in view.links:
            check_count(each)
        assert left.quarantined == right.quarantined == 1
        assert left.delivered == right.delivered == 59
        assert live.flow("join").generation == 3
        aside = live.quarantine.all()
        assert {(each.link.partition("/")[0], each.deaths) for each in aside} == {("left", 2), ("right", 2)}
        assert 10 in {each.sequence for each in aside}

    go(tmp_path, pipeline(*sources, join, links=links), story)

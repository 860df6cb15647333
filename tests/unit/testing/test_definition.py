"""A whole definition in a test: in the same order each time, by a clock that only the test moves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipertd.errors import InvalidDefinition
from pipertd.testing import EventFailed, Run, golden, run_definition, running_definition

HERE = Path(__file__).parent
GOOD = """\
pipeline: numbers
path: [{here}]
flows:
  front:
    routines:
      camera: {{class: rehearsed_routines:Camera, params: {{last: 6}}, fps: 25}}
  back:
    routines:
      scale: {{class: rehearsed_routines:Scale}}
      label: {{class: rehearsed_routines:Label}}
  end:
    routines:
      store: {{class: rehearsed_routines:Store}}
links:
  - {{from: camera, to: [scale], policy: drop_oldest, depth: 2}}
  - {{from: scale, to: [label]}}
  - {{from: label, to: [store]}}
"""


def definition(folder: Path, *changes: tuple[str, str]) -> Path:
    text = GOOD.format(here=HERE)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = folder / "numbers.yaml"
    file.write_text(text)
    return file


def frames(numbers: Sequence[int]) -> list[dict[str, Any]]:
    return [{"number": number, "image": np.full((2, 2), number, np.uint8)} for number in numbers]


def run(folder: Path, *changes: tuple[str, str], **more: Any) -> Run:
    return run_definition(definition(folder, *changes), params={"store": {"file": str(folder / "out")}}, **more)


def test_a_definition_runs_to_its_end(tmp_path: Path) -> None:
    """Every message arrives, as late as the pace of its source, and the event that a routine raises; all clean up."""
    began = run(tmp_path)
    assert (tmp_path / "out").read_text() == "".join(f"frame {n} {n * (2 if n < 4 else 5)}\n" for n in range(6))
    assert began.clock.now_s == pytest.approx(1000 + 6 / 25)
    assert [each["number"] for each in began.taken("store")] == list(range(6))
    assert began.routine("back/scale").factor == 5 and len(began.events_raised) == 1
    assert began.routine("back/scale").flow_name == "back"
    assert began.routine("store").hops == ["back/scale", "back/label"]
    assert [each["label"] for each in began.passed("label", "store")] == [f"frame {n}" for n in range(6)]
    link = began.link("camera", "scale")
    assert (link.produced, link.delivered, link.failed, link.dropped) == (6, 6, 0, 0)


def test_it_comes_out_the_same_each_time(tmp_path: Path) -> None:
    """So that it can be compared with a golden file."""
    golden(run(tmp_path).given("label"), tmp_path / "out.json", update=True)
    golden(run(tmp_path).given("label"), tmp_path / "out.json")


def test_messages_are_given_in_place_of_a_routine(tmp_path: Path) -> None:
    """Its class is not loaded then, nor those that only it would have taken from."""
    file = tmp_path / "out"
    change = ("rehearsed_routines:Camera", "no_such_module:Camera")
    ran = run(tmp_path, change, inputs={"camera": frames([7, 8])}, keep=["store"])
    assert file.read_text() == "frame 7 14\nframe 8 16\n"
    assert len(ran.taken("store")) == 2 and not ran.taken("scale"), "what is not to be kept is not"
    labelled = [{"number": 1, "scaled": np.zeros((1, 1)), "label": "mine"}]
    run(tmp_path, change, inputs={"back/label": labelled})
    assert file.read_text() == "mine 0.0\n"


def test_what_is_wrong_is_said_as_the_check_says_it(tmp_path: Path) -> None:
    """All of it, with line and column, and names that are not there."""
    with pytest.raises(InvalidDefinition, match=r"7:.*\n?.*cannot find class Scal |cannot find class Scal"):
        run(tmp_path, (":Scale", ":Scal"))
    with pytest.raises(InvalidDefinition, match="cannot do without param 'file'"):
        run_definition(definition(tmp_path))
    with pytest.raises(KeyError, match="did you mean 'camera'"):
        run(tmp_path, inputs={"camrea": []})


def test_what_raises_is_raised_or_handled_as_defined(tmp_path: Path) -> None:
    """A failure is counted on its link; the rest goes on."""
    with pytest.raises(ValueError, match="unlucky"):
        run(tmp_path, inputs={"camera": frames([12, 13, 14])})
    ran = run(tmp_path, inputs={"camera": frames([12, 13, 14])}, on_error="defined")
    assert [each["number"] for each in ran.taken("store")] == [12, 14]
    assert [str(each.reason) for each in ran.failures] == ["unlucky"]
    assert (ran.link("camera", "scale").failed, ran.link("camera", "scale").delivered) == (1, 2)


def test_a_message_that_is_tried_again_is_delivered(tmp_path: Path) -> None:
    """Each attempt that failed is on record; what cleanup raises reaches the test."""
    moody = definition(tmp_path, ("rehearsed_routines:Store}", "rehearsed_routines:Moody, on_error: retry}"))
    with running_definition(moody, inputs={"camera": frames([1, 2])}, on_error="defined") as live:
        with pytest.raises(OSError, match="no room"):
            live.play()
        assert (live.link("label", "store").delivered, live.link("label", "store").failed) == (2, 0)
        assert [str(each.reason) for each in live.failures] == ["not now", "not now"]


def test_links_drop_only_if_the_test_wants_it(tmp_path: Path) -> None:
    """A slow consumer keeps its source waiting, or makes its link drop what the policy says."""
    slow = ("class: rehearsed_routines:Scale}", "class: rehearsed_routines:Scale, fps: 5}")
    assert run(tmp_path, slow).link("camera", "scale").dropped == 0
    link = run(tmp_path, slow, drops=True).link("camera", "scale")
    assert (link.produced, link.delivered, link.dropped) == (6, 4, 2)
    aged = ("policy: drop_oldest, depth: 2", "policy: wait, depth: 6, max_age: 300ms")
    link = run(tmp_path, slow, aged, drops=True).link("camera", "scale")
    assert (link.produced, link.delivered, link.dropped) == (6, 3, 3), "one each 200 ms, and what was too old by then"


def test_a_run_is_played_bit_by_bit(tmp_path: Path) -> None:
    """For some time, or until something holds; events are handled between, and what is under way arrives at the end."""
    file = definition(tmp_path, ("params: {last: 6}, ", ""))
    params = {"store": {"file": str(tmp_path / "out")}}
    with running_definition(file, params=params) as live:
        live.play(until=0.1)
        assert len(live.taken("store")) == 3
        assert live.event("SET_FACTOR", "back", factor=7) == {"back/scale": 7}
        with pytest.raises(EventFailed, match="no handler"):
            live.event("SET_FACTOR", "front", factor=7)
        live.event("pause", "end/store")
        live.play(until=lambda run: len(run.given("camera")) == 6)
        assert len(live.taken("store")) == 3
        live.event("resume")
    assert len(live.taken("store")) == 6 and live.taken("store")[-1]["scaled"][0, 0] == 25


def test_each_second_has_as_many_as_the_pace_says(tmp_path: Path) -> None:
    """What comes at the very end of some time belongs to the next."""
    file = definition(tmp_path, ("params: {last: 6}, ", ""))
    params = {"store": {"file": str(tmp_path / "out")}}
    with running_definition(file, params=params, on_error="defined") as live:
        for seconds, given in ((1, 25), (2, 75)):
            live.play(until=seconds)
            assert len(live.given("camera")) == given


STEREO = """\
pipeline: stereo
path: [{here}]
flows:
  left: {{routines: {{left: {{class: rehearsed_routines:Camera, fps: 10}}}}}}
  right: {{routines: {{right: {{class: rehearsed_routines:Camera, fps: 10}}}}}}
  depth: {{routines: {{pair: {{class: rehearsed_routines:Pair}}, look: {{class: rehearsed_routines:Look}}}}}}
links:
  - {{from: left, to: [pair]}}
  - {{from: right, to: [pair]}}
  - {{from: pair, to: [look]}}
"""


def stereo(folder: Path, depth: int) -> Path:
    file = folder / "stereo.yaml"
    file.write_text(STEREO.format(here=HERE).replace("to: [pair]", f"to: [pair], depth: {depth}"))
    return file


@pytest.mark.parametrize("depth", [1, 4])
def test_links_are_joined_by_the_time_of_capture(tmp_path: Path, depth: int) -> None:
    """A frame that one camera lost leaves the other's without a partner, and nobody waits for it."""
    file = stereo(tmp_path, depth)
    left, right = frames([0, 1, 2, 3, 4]), [*frames([0, 1]), None, *frames([3])]
    run = run_definition(file, inputs={"left": left, "right": right})
    assert [each["pair"] for each in run.taken("look")] == [[0, 0], [1, 1], [3, 3]]
    assert {each["apart_s"] for each in run.taken("look")} == {0.0}
    assert [number for each, _ in run.taken("pair") for number in [each["number"]]] == [0, 1, 3]
    link = run.link("left", "pair")
    assert (link.produced, link.delivered, link.dropped) == (5, 3, 2)


def test_who_joins_waits_for_no_partner_that_stands_still(tmp_path: Path) -> None:
    """A link that holds its producer up gives up its oldest message, also where it is one message deep."""
    inputs = {"left": frames([0, 1, 2, 3]), "right": frames([0, 1])}
    with running_definition(stereo(tmp_path, 1), inputs=inputs) as run:
        run.event("pause", "right")
        run.play(until=lambda run: run.link("left", "pair").dropped == 2)


def test_a_test_does_not_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A source without an end, and a batch that never is complete, are said to be."""
    monkeypatch.setattr("pipertd.testing.definition.MOST_CALLS", 1000)
    with pytest.raises(AssertionError, match="numbers does not end"):
        run(tmp_path, ("params: {last: 6}, fps: 25", ""), on_error="defined")
    hoards = definition(tmp_path, (":Store", ":Hoards"), ("last: 6", "last: 12"))
    with pytest.raises(AssertionError, match=r"end/store waits for done\(\)"):
        run_definition(hoards)

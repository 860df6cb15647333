"""PipeRT2's classes in flows of their own: what a routine is, its links decide."""

from __future__ import annotations

from pathlib import Path

from pipertd.definition.model import Flow, Link, Pipeline, Routine
from pipertd.names import RoutineRef
from tests.process.supervised import HERE, Live, go


def flow(name: str, class_name: str, **params: object) -> Flow:
    return Flow(name, (Routine(name, f"fps_routines:{class_name}", params),))


def link(source: str, destination: str) -> Link:
    return Link(RoutineRef(source, source), RoutineRef(destination, destination))


def test_fps_routines_are_what_their_links_make_of_them(tmp_path: Path) -> None:
    """A frame goes through four processes as the object that it is, and what one of them sets on it arrives."""
    file = tmp_path / "seen"
    flows = (flow("src", "Src"), flow("mid", "Mid"), flow("twice", "Twice"), flow("dst", "Dst", file=str(file)))
    links = (link("src", "mid"), link("mid", "dst"), link("src", "twice"), link("twice", "dst"))

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        kinds = [each.kind for each in view.routines]
        assert kinds == ["source", "middle", "middle", "destination"]
        assert "frame 5 in mid" in live.log()
        assert all(each.failed == 0 and each.delivered == 5 for each in view.links)

    go(tmp_path, Pipeline("p", flows, links, path=(str(HERE),), shm_limit=64 << 20), story)
    passed = [f"Frame {number} {number} ['mid']" for number in range(1, 6)]
    made = [f"Frame {number} {2 * number} None" for number in range(1, 6)]
    assert sorted(file.read_text().splitlines()) == sorted(passed + made)

"""What comes of a definition in a test is what comes of it in its processes."""

from __future__ import annotations

from pathlib import Path

from pipertd.definition.check import check_files
from pipertd.testing import run_definition
from tests.process.supervised import Live, go

REHEARSED = Path(__file__).parents[1] / "unit" / "testing"
DEFINITION = """\
pipeline: p
path: [{rehearsed}]
flows:
  front:
    routines:
      camera: {{class: rehearsed_routines:Camera, params: {{last: 3}}}}
  back:
    routines:
      scale: {{class: rehearsed_routines:Scale}}
      label: {{class: rehearsed_routines:Label}}
  end:
    routines:
      store: {{class: rehearsed_routines:Store, params: {{file: {out}}}}}
links:
  - {{from: camera, to: [scale]}}
  - {{from: scale, to: [label]}}
  - {{from: label, to: [store]}}
"""


def test_a_definition_comes_out_the_same_in_a_test_and_in_its_processes(tmp_path: Path) -> None:
    """The same files are written, and each link counts the same."""
    out, file = tmp_path / "out", tmp_path / "p.yaml"
    file.write_text(DEFINITION.format(rehearsed=REHEARSED, out=out))
    run = run_definition(file)
    tested = out.read_text()
    counts = [run.link(*ends) for ends in (("camera", "scale"), ("scale", "label"), ("label", "store"))]
    checked = check_files([file])
    assert checked.problems == ()

    async def story(live: Live) -> None:
        view = await live.supervisor.wait_ended("p")
        seen = [(each.produced, each.delivered, each.failed) for each in view.links]
        assert seen == [(each.produced, each.delivered, each.failed) for each in counts]

    go(tmp_path, checked.pipelines[0], story)
    assert out.read_text() == tested == "frame 0 0\nframe 1 2\nframe 2 4\n"

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from pipertd.examples.street_pictures import make_pictures
from pipertd.examples.street_report import Journal, draw

IMAGE = np.full((64, 96, 3), 90, np.uint8)
OBJECT = {"id": 3, "x": 10.0, "y": 12.0, "width": 30.0, "height": 20.0}


def frames(journal: Journal) -> list[int]:
    return [line["frame"] for line in journal.lines()]


def written(folder: Path, *numbers: int) -> Journal:
    journal = Journal(folder)
    for number in numbers:
        journal.write(number, number / 25, [OBJECT], IMAGE)
    return journal


def test_frame_that_comes_again_is_written_once(tmp_path: Path) -> None:
    """A message delivered twice leaves one line."""
    journal = written(tmp_path, 0, 1, 2)
    journal.write(2, 0.08, [], IMAGE)
    journal.close()
    assert frames(journal) == [0, 1, 2]
    assert journal.lines()[2] == {"frame": 2, "time_s": 0.08, "objects": []}


def test_successor_replaces_a_line_that_was_not_acknowledged(tmp_path: Path) -> None:
    """The line of a frame that a crash sent again does not stand twice."""
    written(tmp_path, 0, 1, 2).close()
    successor = written(tmp_path, 2, 3)
    successor.close()
    assert frames(successor) == [0, 1, 2, 3]


@pytest.mark.parametrize("kept", range(1, 40))
def test_torn_line_is_cut_off(tmp_path: Path, kept: int) -> None:
    """Whatever part of its last line a crash let through, a successor goes on with whole lines."""
    written(tmp_path, 0, 1).close()
    path = tmp_path / "objects.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:kept])
    successor = written(tmp_path, 1, 2)
    successor.close()
    assert frames(successor) == [0, 1, 2]


def test_new_run_begins_anew(tmp_path: Path) -> None:
    """Frame 0 leaves nothing of an earlier run."""
    written(tmp_path, *range(10)).close()
    successor = written(tmp_path, 0)
    successor.close()
    assert frames(successor) == [0]


def test_boxes_are_drawn_where_they_are(tmp_path: Path) -> None:
    """The frame of an object's box has its color, and what is far from it is left alone."""
    image = IMAGE.copy()
    draw(image, 0, [OBJECT])
    assert (image[31, 25] != IMAGE[31, 25]).any()
    assert (image[5, 80] == IMAGE[5, 80]).all()


def test_pictures_can_be_made_again(tmp_path: Path) -> None:
    """A successor that comes to the end makes the same files; nothing unfinished is left beside them."""
    journal = written(tmp_path, *range(5))
    for _ in range(2):
        made = make_pictures(journal)
        assert [path.name for path in made] == ["street.mp4", "contact-sheet.png", "objects-over-time.png"]
        assert all(path.stat().st_size for path in made)
    journal.close()
    kept = {"street.mp4", "contact-sheet.png", "objects-over-time.png", "objects.jsonl", "frames"}
    assert {path.name for path in tmp_path.iterdir()} == kept


def test_the_plot_is_left_out_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not installed makes no picture, and takes none of the others away."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    journal = written(tmp_path, *range(5))
    assert [path.name for path in make_pictures(journal)] == ["street.mp4", "contact-sheet.png"]
    journal.close()


def test_nothing_makes_no_pictures(tmp_path: Path) -> None:
    """A run that was stopped before its first frame ends without pictures and without an error."""
    journal = Journal(tmp_path)
    assert make_pictures(journal) == []
    journal.close()

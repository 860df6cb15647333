"""Definitions that change while they are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipertd.definition.problem import Problem
from pipertd.definition.read import Reading, read_all
from pipertd.definition.steady import TRIES, read_steadily
from tests.unit.definition.definitions import GOOD, written


class _Editor:
    """Reads, and edits the files behind each of the first ``edits`` readings."""

    def __init__(self, file: Path, edits: int) -> None:
        self.file, self.edits, self.readings = file, edits, 0

    def __call__(self, files: Sequence[Path], folders: Sequence[Path]) -> tuple[list[Reading], tuple[Problem, ...]]:
        found = read_all(files, folders)
        self.readings += 1
        if self.readings <= self.edits:
            self.file.write_text(GOOD.replace("What moves", f"Edit {self.readings}"))
        return found


def test_what_changed_meanwhile_is_read_again(tmp_path: Path) -> None:
    """The reading is that of the last edit, never of a text between two."""
    editor = _Editor(written(tmp_path, GOOD), 3)
    (reading,), problems = read_steadily([tmp_path], editor)
    assert (reading.pipeline.description, problems, editor.readings) == ("Edit 3", (), 4)


def test_a_drop_in_that_comes_meanwhile_counts(tmp_path: Path) -> None:
    """A new file is a change as well."""
    written(tmp_path, GOOD)
    drop_in = tmp_path / "street.yaml.d/10-words.yaml"
    drop_in.parent.mkdir()

    def read(files: Sequence[Path], folders: Sequence[Path]) -> tuple[list[Reading], tuple[Problem, ...]]:
        found = read_all(files, folders)
        if not drop_in.exists():
            drop_in.write_text("description: from the drop-in\n")
        return found

    (reading,), _ = read_steadily([tmp_path], read)
    assert reading.pipeline.description == "from the drop-in"


def test_a_file_that_never_holds_still_is_a_problem(tmp_path: Path) -> None:
    """It is named, and the reading comes to an end."""
    editor = _Editor(written(tmp_path, GOOD), TRIES + 1)
    readings, (problem,) = read_steadily([tmp_path], editor)
    assert (readings, problem.file, editor.readings) == ([], editor.file, TRIES)
    assert f"because it changed {TRIES} times while it was read" in problem.text

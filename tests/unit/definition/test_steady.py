"""Definitions that change while they are read."""

from __future__ import annotations

import resource
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

from pipertd.definition.problem import Problem
from pipertd.definition.read import Reading, definition_files, read_all
from pipertd.definition.steady import TRIES, read_steadily
from tests.unit.definition.definitions import GOOD, written

DEADLINE_S = 120.0


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


def test_files_that_come_and_go_are_no_fault(tmp_path: Path) -> None:
    """Whatever goes between two looks at it, the reading holds what stays, and raises nothing."""
    stays = written(tmp_path, GOOD)
    goes, over = threading.Event(), threading.Event()

    def come_and_go() -> None:
        other, drop_ins = tmp_path / "other.yaml", tmp_path / "other.yaml.d"
        while not over.is_set():
            other.write_text(GOOD)
            drop_ins.mkdir()
            (drop_ins / "10.yaml").write_text("description: soon gone")
            goes.set()
            shutil.rmtree(drop_ins)
            other.unlink()

    editor = threading.Thread(target=come_and_go)
    editor.start()
    try:
        assert goes.wait(DEADLINE_S)
        for _ in range(300):
            files = definition_files([tmp_path])
            assert stays in files
            read_all(files, [tmp_path])
    finally:
        over.set()
        editor.join()


def test_a_folder_that_cannot_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    """Else a reload would take all of its pipelines away, because no descriptor was left for a moment."""
    written(tmp_path, GOOD)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        readings, (problem,) = read_steadily([tmp_path])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert (readings, problem.file) == ([], tmp_path)
    assert problem.text == "cannot read the folder of definitions, because too many open files"

"""Which folders are those of runs that were killed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipertd.supervisor.leftovers import PREFIX, mark, remove_leftovers
from pipertd.supervisor.lock import held_directory


def made(parent: Path, name: str = f"{PREFIX}abc") -> Path:
    """As a run that was killed left it."""
    folder = parent / name
    folder.mkdir(mode=0o700)
    mark(folder)
    (folder / "lock").write_text("7\n")
    (folder / "logs").mkdir()
    (folder / "logs" / "b").touch()
    return folder


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    """With all that is in it."""
    folder = made(tmp_path)
    remove_leftovers(tmp_path)
    assert not folder.exists()


def test_what_somebody_holds_stays(tmp_path: Path) -> None:
    """A run that is on has its lock."""
    folder = made(tmp_path)
    with held_directory(folder, "TMPDIR"):
        remove_leftovers(tmp_path)
        assert (folder / "logs" / "b").exists()


def test_what_somebody_only_points_to_stays(tmp_path: Path) -> None:
    """A link of that name is not followed."""
    folder = made(tmp_path, "mine")
    (tmp_path / f"{PREFIX}abc").symlink_to(folder)
    remove_leftovers(tmp_path)
    assert (folder / "logs" / "b").exists()


SPOILT: list[Callable[[Path], object]] = [
    lambda folder: folder.chmod(0o750),
    lambda folder: (folder / "lock").unlink(),
    lambda folder: (folder / "lock").write_text(""),
    lambda folder: (folder / "of-pipertd-run").unlink(),
    lambda folder: folder.rename(folder.parent / "abc"),
]


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_may_be_anything_else_stays(spoil: Callable[[Path], object], tmp_path: Path) -> None:
    """One that others may enter, of a run that is about to lock or has unlocked it, of a daemon, or of another name."""
    spoil(made(tmp_path))
    remove_leftovers(tmp_path)
    assert len(list(tmp_path.glob("*/logs/b"))) == 1

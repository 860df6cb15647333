"""Golden files: written once, compared from then on, and what differs is said."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipertd import Data
from pipertd.testing import golden


@dataclasses.dataclass
class Box:
    left: int
    score: float


def messages(shift: int = 0, score: float = 0.25) -> list[Any]:
    seen = Data()
    seen.when = dt.datetime(2026, 11, 3, tzinfo=dt.UTC)  # type: ignore[attr-defined]
    return [
        {"boxes": [Box(3, score)], "image": np.arange(64, dtype=np.uint8).reshape(8, 8) + np.uint8(shift)},
        {"few": np.array([1.0, np.nan]), "raw": b"\0\1", "none": None, "count": np.int64(3), "seen": seen},
    ]


@pytest.mark.parametrize("name", ["out.json", "out.npz"])
def test_what_was_written_compares_equal(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it is there; before, it is said how to have it written."""
    with pytest.raises(AssertionError, match="--update-golden"):
        golden(messages(), tmp_path / name)
    with monkeypatch.context() as environment:
        environment.setenv("PIPERTD_UPDATE_GOLDEN", "1")
        golden(messages(), tmp_path / name)
    golden(messages(), tmp_path / name)


def test_what_differs_is_said_with_the_way_to_it(tmp_path: Path) -> None:
    """In a JSON file an array by its figures, in an npz by its first element that differs."""
    for name in ("out.json", "out.npz"):
        golden(messages(), tmp_path / name, update=True)
    other = messages(shift=1, score=0.5)
    other[1] = {**other[1], "more": 1}
    del other[1]["raw"]
    with pytest.raises(AssertionError) as caught:
        golden(other, tmp_path / "out.json")
    told = str(caught.value)
    assert "[0].boxes[0].score: 0.25, 0.5" in told
    assert "[0].image: |u1 [8, 8] 0 to 63, mean 31.5" in told and "1 to 64, mean 32.5" in told
    assert "[1].raw: {'bytes': '0001'}, is missing" in told and "[1].more: was not there, 1" in told
    with pytest.raises(AssertionError, match=r"\[0\]\.image\[0, 0\]: 0, 1; 64 of 64 elements differ"):
        golden(other, tmp_path / "out.npz")
    with pytest.raises(AssertionError, match="the message: 2 items, 1"):
        golden(messages()[:1], tmp_path / "out.json")


def test_numbers_may_be_off_by_what_the_test_allows(tmp_path: Path) -> None:
    """In an npz those of arrays too; a boolean is no number."""
    golden(messages(), tmp_path / "out.npz", update=True)
    golden(messages(shift=1, score=0.26), tmp_path / "out.npz", atol=1)
    golden([True], tmp_path / "flag.json", update=True)
    with pytest.raises(AssertionError, match="True, 1"):
        golden([1], tmp_path / "flag.json", atol=1)
    with pytest.raises(ValueError, match=r"is a \.json or an \.npz"):
        golden([1], tmp_path / "out.txt")


def test_the_fixture_finds_the_file_beside_the_test(tmp_path: Path) -> None:
    """``--update-golden`` writes it there; a failure shows the line of the test, and none of ours."""
    (tmp_path / "test_it.py").write_text("def test_it(golden):\n    golden([{'a': 1}], 'it.json')\n")
    command = [sys.executable, "-m", "pytest", "-p", "pipertd.testing.plugin", "-p", "no:cacheprovider", str(tmp_path)]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

    def outcome(*more: str) -> tuple[int, str]:
        done = subprocess.run([*command, *more], cwd=tmp_path, env=alone, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    code, said = outcome()
    assert code == 1 and "> " in said and "golden.py" not in said and "plugin.py" not in said, said
    assert [outcome("--update-golden")[0], outcome()[0]] == [0, 0]
    assert json.loads((tmp_path / "it.json").read_text()) == [{"a": 1}]

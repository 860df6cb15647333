"""Messages for people."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import msgspec
import numpy as np

from pipertd.ctl.unpack import SavedArray, Unpacked


def test_everything_can_be_said_in_json(tmp_path: Path) -> None:
    """What JSON has no word for is text; where there is no array, no folder is made."""
    message = {
        "number": float("nan"),
        "bytes": bytes(100),
        "time": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        "ext": msgspec.msgpack.Ext(2, b"12"),
        5: [None, True, "ü"],
    }
    plain = Unpacked(tmp_path / "m", SavedArray.text).plain(message)
    assert json.loads(json.dumps(plain, allow_nan=False)) == {
        "number": "nan",
        "bytes": f"100 bytes: {' '.join(['00'] * 64)}...",
        "time": "2026-01-01T00:00:00+00:00",
        "ext": "extension type 2: 2 bytes",
        "5": [None, True, "ü"],
    }
    assert not (tmp_path / "m").exists()


def test_every_array_has_a_file_of_its_own_in_the_folder(tmp_path: Path) -> None:
    """Whatever an author's keys are, no file lies elsewhere, and none replaces another."""
    ones = np.ones(2)
    message = {"a/b": ones, "a_b": 2 * ones, "../../out": 3 * ones, "x" * 300: 4 * ones, "": 5 * ones, ".": 6 * ones}
    Unpacked(tmp_path / "m", SavedArray.text).plain(message)
    assert [path.name for path in tmp_path.iterdir()] == ["m"]
    files = list((tmp_path / "m").iterdir())
    assert sorted(np.load(file)[0] for file in files) == [1, 2, 3, 4, 5, 6]


def test_a_message_that_is_an_array_is_saved_too(tmp_path: Path) -> None:
    """Its file is called message."""
    plain = Unpacked(tmp_path, SavedArray.text).plain(np.zeros((8, 8), np.uint8))
    assert plain == f"array uint8 (8, 8) -> {tmp_path}/message.npy, {tmp_path}/message.png"

"""``golden``: what came out, compared with a file that somebody looked at and committed.

A ``.json`` is for people and diffs: an array stands there with its shape, dtype, digest and figures, a small one with
its elements too, and has to be the same to the bit. An ``.npz`` holds arrays whole, so that they can be compared within
a tolerance; all else of the messages is JSON in its entry ``messages``.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from pipertd.testing.difference import Tolerance, differences
from pipertd.testing.plainly import ARRAY, Array, described, plainly

UPDATE = "PIPERTD_UPDATE_GOLDEN"  # the variable of the environment that has files written instead
_MOST_SAID = 10  # differences


def golden(
    messages: Any, file: str | Path, *, rtol: float = 0.0, atol: float = 0.0, update: bool | None = None
) -> None:
    """Compare a message, or a list of them, with a golden file.

    Args:
        messages: anything that can be a message.
        file: ``.json`` or ``.npz``; in a folder that is there.
        rtol: how far numbers may be off, as a share of what was expected; in arrays only with an ``.npz``.
        atol: how far they may be off besides.
        update: write the file instead; if not said, where PIPERTD_UPDATE_GOLDEN is set.

    Raises:
        AssertionError: they differ, and where; or there is no file yet, and how to have it written.
    """
    __tracebackhide__ = True  # pytest shows the test that compares, and what differs
    place = Path(file)
    if place.suffix not in (".json", ".npz"):
        raise ValueError(f"cannot compare with {place}: a golden file is a .json or an .npz")
    whole = place.suffix == ".npz"
    if bool(os.environ.get(UPDATE)) if update is None else update:
        (_write_npz if whole else _write_json)(place, messages)
        return
    if not place.exists():
        how = f"pytest --update-golden, or {UPDATE}=1"
        raise AssertionError(f"there is no golden file {place}: have it written by {how}, look at it and commit it")
    expected = _read_npz(place) if whole else json.loads(place.read_text())
    actual = plainly(messages, _itself if whole else described)
    found = list(differences(expected, actual, Tolerance(rtol, atol)))
    if found:
        more = [f"and {len(found) - _MOST_SAID} more"] if len(found) > _MOST_SAID else []
        lines = "\n  ".join([*found[:_MOST_SAID], *more])
        raise AssertionError(f"other than in {place} (expected, actual):\n  {lines}")


def _itself(array: Array) -> Array:
    return array


def _write_json(place: Path, messages: Any) -> None:
    plain = plainly(messages, described)
    place.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n")


def _write_npz(place: Path, messages: Any) -> None:
    arrays: dict[str, Any] = {}

    def put_aside(array: Array) -> dict[str, str]:
        name = f"{ARRAY}_{len(arrays)}"
        arrays[name] = array
        return {ARRAY: name}

    plain = plainly(messages, put_aside)
    with place.open("wb") as out:
        np.savez_compressed(out, messages=np.array(json.dumps(plain)), **arrays)


def _read_npz(place: Path) -> Any:
    with np.load(place, allow_pickle=False) as kept:
        return _with_arrays(json.loads(str(kept["messages"])), dict(kept.items()))


def _with_arrays(plain: Any, arrays: dict[str, Array]) -> Any:
    if isinstance(plain, list):
        return [_with_arrays(each, arrays) for each in plain]
    if not isinstance(plain, dict):
        return plain
    if plain.keys() == {ARRAY} and isinstance(plain[ARRAY], str) and plain[ARRAY] in arrays:
        return arrays[plain[ARRAY]]
    return {name: _with_arrays(each, arrays) for name, each in plain.items()}

"""Tapped messages for people and for programs."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from pipertd.ctl.summary import LONGEST_LINE, summary_document, summary_lines
from pipertd.tap.plain import encode_plain

MESSAGE: dict[str, Any] = {
    "frame": np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
    "number": 7,
    "holes": np.array([1.0, np.nan, np.inf]),
    "none": np.zeros((0, 4), np.float32),
    "boxes": [{"x": 1, "mask": np.array([True, False])}],
    "text": "x" * 1000,
    "bytes": b"\x00\x01",
}


def test_an_array_is_said_in_a_line() -> None:
    """Its dtype, shape and range, without what is no number; long text is cut."""
    assert summary_lines(encode_plain(MESSAGE)) == [
        "frame   uint8 2 x 2 x 3, 0 to 11, mean 5.5",
        "number  7",
        "holes   float64 3, 1 to 1, mean 1",
        "none    float32 0 x 4",
        'boxes   [{"x": 1, "mask": "bool 2, 0 to 1, mean 0.5"}]',
        f"text    {'x' * (LONGEST_LINE - 11)}...",
        "bytes   2 bytes: 00 01",
    ]
    assert summary_lines(encode_plain(np.ones(3))) == ["float64 3, 1 to 1, mean 1"]
    assert summary_lines(encode_plain([1, None])) == ["[1, null]"]


def test_a_program_gets_figures() -> None:
    """JSON takes all of it, and nothing of it is text that a program has to read."""
    document = json.loads(json.dumps(summary_document(encode_plain(MESSAGE)), allow_nan=False))
    assert document["frame"] == {"array": "uint8", "shape": [2, 2, 3], "min": 0, "max": 11, "mean": 5.5}
    assert document["holes"] == {"array": "float64", "shape": [3], "min": 1.0, "max": 1.0, "mean": 1.0}
    assert document["none"] == {"array": "float32", "shape": [0, 4]}
    assert document["boxes"][0]["mask"] == {"array": "bool", "shape": [2], "min": False, "max": True, "mean": 0.5}

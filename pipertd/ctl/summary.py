"""Tapped messages in a few lines: an array by its dtype, shape and range, long text by its beginning."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from pipertd.client.tapped import read_message
from pipertd.ctl.plain import plain
from pipertd.harmless import in_a_line

LONGEST_LINE = 200


def summary_lines(content: bytes) -> list[str]:
    """A message for people: a line for each of its fields, or one for what has none; MessageError where it is none."""
    found = plain(read_message(content), lambda array, _: _in_words(array))
    if not isinstance(found, dict) or not found:
        return [_cut(_text(found))]
    named = {in_a_line(name): value for name, value in found.items()}
    widest = max(map(len, named))
    return [_cut(f"{name:<{widest}}  {_text(value)}") for name, value in named.items()]


def summary_document(content: bytes) -> Any:
    """The same for programs: an array is a map of ``array``, ``shape``, and ``min``, ``max`` and ``mean``."""
    return plain(read_message(content), lambda array, _: _in_figures(array))


def _text(value: Any) -> str:
    return in_a_line(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 3]}..."


def _in_words(array: np.ndarray[Any, Any]) -> str:
    found = _in_figures(array)
    shape = " x ".join(map(str, array.shape)) or "one"
    if "mean" not in found:
        return f"{found['array']} {shape}"
    return f"{found['array']} {shape}, {found['min']:g} to {found['max']:g}, mean {found['mean']:.4g}"


def _in_figures(array: np.ndarray[Any, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {"array": str(array.dtype), "shape": list(array.shape)}
    if array.dtype.kind in "buif":
        finite = array[np.isfinite(array)] if array.dtype.kind == "f" else array
        if finite.size:
            figures |= {"min": finite.min().item(), "max": finite.max().item(), "mean": round(float(finite.mean()), 6)}
    return figures

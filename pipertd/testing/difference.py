"""Where a message is another than was expected, in words; both as ``plainly`` has them, arrays described or whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipertd.testing.plainly import ARRAY, DIGEST, Array, is_described


@dataclass(frozen=True)
class Tolerance:
    """How far numbers may be off, as ``numpy.allclose`` has it."""

    rtol: float = 0.0
    atol: float = 0.0

    def allows(self, expected: Any, actual: Any) -> Any:
        """Of two numbers, or of each two of two arrays; what is no number is so only beside another such."""
        return np.isclose(actual, expected, rtol=self.rtol, atol=self.atol, equal_nan=True)


def differences(expected: Any, actual: Any, tolerance: Tolerance, way: str = "") -> Iterator[str]:
    """Each place where they differ, the way to it first."""
    at = way or "the message"
    if isinstance(expected, np.ndarray) and isinstance(actual, np.ndarray):
        yield from _of_arrays(expected, actual, tolerance, at)
    elif isinstance(expected, dict) and isinstance(actual, dict):
        if not (is_described(expected) and is_described(actual)):
            yield from _of_dicts(expected, actual, tolerance, way)
        elif any(expected[key] != actual[key] for key in (ARRAY, DIGEST)):  # not the figures, which may be no numbers
            yield f"{at}: {_in_words(expected)}, {_in_words(actual)}"
    elif isinstance(expected, list) and isinstance(actual, list):
        for place, (one, other) in enumerate(zip(expected, actual, strict=False)):
            yield from differences(one, other, tolerance, f"{way}[{place}]")
        if len(expected) != len(actual):
            yield f"{at}: {len(expected)} items, {len(actual)}"
    elif not _same(expected, actual, tolerance):
        yield f"{at}: {_shown(expected)}, {_shown(actual)}"


def _of_dicts(expected: dict[str, Any], actual: dict[str, Any], tolerance: Tolerance, way: str) -> Iterator[str]:
    for name, each in expected.items():
        if name in actual:
            yield from differences(each, actual[name], tolerance, f"{way}.{name}")
        else:
            yield f"{way}.{name}: {_shown(each)}, is missing"
    yield from (f"{way}.{name}: was not there, {_shown(actual[name])}" for name in actual if name not in expected)


def _of_arrays(expected: Array, actual: Array, tolerance: Tolerance, way: str) -> Iterator[str]:
    if (expected.dtype, expected.shape) != (actual.dtype, actual.shape):
        yield f"{way}: {_shown(expected)}, {_shown(actual)}"
        return
    off = ~tolerance.allows(expected, actual) if expected.dtype.kind in "fc" else expected != actual
    if expected.dtype.kind in "iu" and (tolerance.rtol or tolerance.atol):
        off = ~tolerance.allows(expected.astype(np.float64), actual.astype(np.float64))
    if off.any():
        first = tuple(int(each) for each in np.argwhere(off)[0])
        count = f"{int(off.sum())} of {expected.size} elements differ"
        yield f"{way}{list(first)}: {expected[first]}, {actual[first]}; {count}"


def _same(expected: Any, actual: Any, tolerance: Tolerance) -> bool:
    numbers = [isinstance(each, int | float) and not isinstance(each, bool) for each in (expected, actual)]
    if all(numbers):
        return expected == actual or bool(tolerance.allows(expected, actual))
    return type(expected) is type(actual) and bool(expected == actual)


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype.str} {list(value.shape)}"
    return _in_words(value) if isinstance(value, dict) and is_described(value) else repr(value)


def _in_words(told: dict[str, Any]) -> str:
    if "elements" in told:
        return f"{told[ARRAY]} {told['elements']}"
    figures = f" {told['least']} to {told['greatest']}, mean {told['mean']}" if "mean" in told else ""
    return f"{told[ARRAY]}{figures}, digest {told[DIGEST][:8]}"

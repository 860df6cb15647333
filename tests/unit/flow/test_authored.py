"""What is said of an exception of an author's code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipertd.flow.authored import advice


@pytest.mark.parametrize(
    "write",
    [lambda frame: frame.__setitem__(0, 1), lambda frame: frame.sort(), lambda frame: np.add(frame, 1, out=frame)],
    ids=["item", "sort", "out"],
)
def test_writing_to_a_message(write: Callable[[np.ndarray[Any, Any]], object]) -> None:
    """Who writes to an array that arrived is told what to do instead, in whatever way numpy refuses it."""
    frame = np.zeros((2, 2))
    frame.flags.writeable = False
    with pytest.raises(ValueError) as refused:
        write(frame)
    assert "`writable = True`" in advice(refused.value)


def test_opencv_refuses() -> None:
    """OpenCV says it in its own words, and is understood."""
    cv2 = pytest.importorskip("cv2")
    frame = np.zeros((8, 8, 3), np.uint8)
    frame.flags.writeable = False
    with pytest.raises(cv2.error) as refused:
        cv2.putText(frame, "x", (0, 4), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0))
    assert "`writable = True`" in advice(refused.value)


@pytest.mark.parametrize("reason", [ValueError("no such line"), OSError("readonly database"), KeyError("read-only")])
def test_others(reason: Exception) -> None:
    """Of what has nothing to do with arrays nothing is said."""
    assert advice(reason) == ""

"""A message as JSON can say it: what that has no word for becomes text, and an array whatever somebody makes of it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

MOST_BYTES = 64  # of a bytes value that are shown

ShowArray = Callable[[np.ndarray[Any, Any], tuple[str, ...]], Any]


def plain(value: Any, show_array: ShowArray, path: tuple[str, ...] = ()) -> Any:
    """What JSON can say of a value; ``show_array`` is called with each array in it and the way to it."""
    match value:
        case np.ndarray():
            return show_array(value, path)
        case dict():
            return {str(name): plain(each, show_array, (*path, str(name))) for name, each in value.items()}
        case list() | tuple():
            return [plain(each, show_array, (*path, str(place))) for place, each in enumerate(value)]
        case float() if not math.isfinite(value):
            return str(value)  # JSON has neither NaN nor infinity
        case bytes():
            more = "..." if len(value) > MOST_BYTES else ""
            return f"{len(value)} bytes: {value[:MOST_BYTES].hex(' ')}{more}"
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case msgspec.msgpack.Ext():
            return f"extension type {value.code}: {len(memoryview(value.data))} bytes"
        case _:
            return value

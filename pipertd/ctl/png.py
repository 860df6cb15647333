"""Arrays as PNG pictures, with nothing but the standard library.

Channels are written in the order in which they lie, as grey, RGB or RGBA: a BGR frame, as OpenCV has it, looks swapped.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

SMALLEST = 8  # pixels; what has fewer in a row or column is a matrix of small numbers more often than a picture
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPE = {1: 0, 3: 2, 4: 6}  # by channels: grey, RGB, RGBA
_QUICK = 1  # pictures are looked at, not kept


def is_picture(array: np.ndarray[Any, Any]) -> bool:
    """Whether an array looks like one: uint8 of shape (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)."""
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or min(array.shape[:2]) < SMALLEST:
        return False
    return array.ndim == 2 or array.shape[2] in _COLOUR_TYPE


def png(array: np.ndarray[Any, Any]) -> bytes:
    """A picture as the bytes of a PNG file."""
    height, width = array.shape[:2]
    channels = array.shape[2] if array.ndim == 3 else 1
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPE[channels], 0, 0, 0)
    rows = np.zeros((height, 1 + width * channels), np.uint8)  # each begins with its filter: none
    rows[:, 1:] = array.reshape(height, width * channels)
    pixels = zlib.compress(rows.data, _QUICK)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

"""Arrays as PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from pipertd.ctl.png import is_picture, png


def chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    while at < len(content):
        (length,) = struct.unpack_from(">I", content, at)
        kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", content, at + 8 + length) == (zlib.crc32(kind + data),)
        yield kind, data
        at += length + 12


@pytest.mark.parametrize(("shape", "colour"), [((8, 9), 0), ((8, 9, 1), 0), ((8, 9, 3), 2), ((8, 9, 4), 6)])
def test_every_pixel_is_where_it_was(shape: tuple[int, ...], colour: int) -> None:
    """The file has the PNG's header, three chunks with right checksums, and unfiltered rows of the array's bytes."""
    array = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    header, pixels, end = chunks(png(array[::-1]))  # a view with rows backwards is a picture too
    assert header == (b"IHDR", struct.pack(">IIBBBBB", 9, 8, 8, colour, 0, 0, 0))
    rows = np.frombuffer(zlib.decompress(pixels[1]), np.uint8).reshape(8, -1)
    assert not rows[:, 0].any()
    assert np.array_equal(rows[:, 1:].reshape(shape), array[::-1])
    assert end == (b"IEND", b"")


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((7, 100), np.uint8), ((100, 7, 3), np.uint8), ((9, 9), np.float32), ((9, 9, 2), np.uint8), ((9,), np.uint8)],
)
def test_what_looks_like_no_picture_is_none(shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    """Other types, other shapes and very small ones are arrays only."""
    assert not is_picture(np.zeros(shape, dtype))
    assert is_picture(np.zeros((8, 8), np.uint8))

"""Arrays that can be seen as pictures, as PNG or JPEG: for who looks at a link, and for who looks into quarantine."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from pipertd.data import Data

Array = np.ndarray[Any, Any]

LEAST_SIDE = 8  # pixels; what has fewer in a row or column is a table of points or boxes more often than a picture
CHANNELS = (1, 3, 4)
_JPEG_QUALITY = 85
_PNG_LEVEL = 1  # pictures are looked at, not kept


class PictureFile(NamedTuple):
    """A file, and its size in pixels."""

    data: bytes
    width: int
    height: int


def looks_like_a_picture(array: Array) -> bool:
    """Whether it is height x width, or height x width x 1, 3 or 4, of numbers or booleans."""
    is_flat = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in CHANNELS)
    return is_flat and min(array.shape[:2]) >= LEAST_SIDE and array.dtype.kind in "buif"


def first_picture(content: Any, path: str = "") -> tuple[str, Array] | None:
    """The first array in a message that looks like a picture, and the way to it: ``.cameras[0].frame``."""
    return next(_pictures(content, path), None)


def _pictures(content: Any, path: str) -> Iterator[tuple[str, Array]]:
    if isinstance(content, np.ndarray):
        if looks_like_a_picture(content):
            yield path, content
    elif isinstance(content, Data):
        yield from _pictures(vars(content), path)
    elif isinstance(content, dict):
        for key, value in content.items():
            yield from _pictures(value, f"{path}.{key}")
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _pictures(value, f"{path}[{index}]")


def as_picture(array: Array, form: str = "png", *, width: int | None = None, bgr: bool = False) -> PictureFile:
    """An array that looks like a picture, as one; ``form`` is ``png`` or ``jpeg``.

    8 bits are shown as they are, fractions from 0 to 1 as black to white, and all else from its least to its greatest
    number.

    Args:
        array: (height, width) or (height, width, 1, 3 or 4).
        form: of the file.
        width: in pixels; what is wider is made smaller.
        bgr: three and four channels begin with blue, as OpenCV has them.
    """
    image = _image(array, bgr=bgr)
    if width is not None:
        image.thumbnail((width, image.height), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    if form == "jpeg":
        image.convert("RGB" if image.mode == "RGBA" else image.mode).save(file, "JPEG", quality=_JPEG_QUALITY)
    else:
        image.save(file, "PNG", compress_level=_PNG_LEVEL)
    return PictureFile(file.getvalue(), image.width, image.height)


def _image(array: Array, *, bgr: bool) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if bgr and array.ndim == 3:
        array = array[:, :, [2, 1, 0, *range(3, array.shape[2])]]
    return Image.fromarray(np.ascontiguousarray(_shades(array)))


def _shades(array: Array) -> npt.NDArray[np.uint8]:
    """Its values as 8 bits: as they are, from fractions, or stretched from the least to the greatest one."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    values = np.nan_to_num(array.astype(np.float32), copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    least, greatest = float(values.min()), float(values.max())
    if array.dtype.kind == "f" and least >= 0 and greatest <= 1:
        least, greatest = 0.0, 1.0
    values -= least
    values *= 255 / ((greatest - least) or 1)
    return values.astype(np.uint8)

"""Which arrays are pictures, and what they look like then."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pipertd.picture import as_picture, first_picture, looks_like_a_picture


def shown(array: np.ndarray[Any, Any], **how: Any) -> np.ndarray[Any, Any]:
    """The pixels of an array's PNG."""
    return np.asarray(Image.open(io.BytesIO(as_picture(array, **how).data)))


@pytest.mark.parametrize("shape", [(8, 8), (16, 9), (8, 8, 1), (8, 8, 3), (8, 8, 4)])
def test_a_picture_of_bytes_is_shown_as_it_is(shape: tuple[int, ...]) -> None:
    """Each pixel of height x width, or x 1, 3 or 4 channels, comes back from the file."""
    array = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    assert np.array_equal(shown(array), array[:, :, 0] if shape[2:] == (1,) else array)


@pytest.mark.parametrize("array", [np.zeros((20, 4)), np.zeros(100), np.zeros((8, 8, 2)), np.zeros((9, 9), "S1")])
def test_boxes_sounds_and_texts_are_no_pictures(array: np.ndarray[Any, Any]) -> None:
    """What is too narrow, flat, of strange channels or no numbers is left to MessagePack."""
    assert not looks_like_a_picture(array)
    assert first_picture({"a": array}) is None


def test_other_numbers_are_stretched_and_fractions_are_not() -> None:
    """16 bits go from the least to the greatest as black to white; 0 to 1 is black to white whatever comes."""
    depth = np.full((8, 8), 1000, np.uint16)
    depth[0, 0], depth[7, 7] = 500, 1500
    assert (shown(depth)[0, 0], shown(depth)[3, 3], shown(depth)[7, 7]) == (0, 127, 255)
    assert set(np.unique(shown(np.full((8, 8), 0.5)))) == {127}
    assert set(np.unique(shown(np.eye(8, dtype=bool)))) == {0, 255}
    assert set(np.unique(shown(np.full((8, 8), 7)))) == {0}, "one number is no division by zero"
    holes = np.full((8, 8), np.nan)
    holes[0, 0], holes[1, 1] = np.inf, 1.0
    assert shown(holes)[1, 1] == 255


def test_opencvs_order_of_colours_is_put_right_when_said() -> None:
    """Blue comes first there."""
    blue = np.zeros((8, 8, 3), np.uint8)
    blue[:, :, 0] = 255
    assert shown(blue)[0, 0].tolist() == [255, 0, 0]
    assert shown(blue, bgr=True)[0, 0].tolist() == [0, 0, 255]
    assert shown(np.dstack([blue, blue[:, :, 0]]), bgr=True)[0, 0].tolist() == [0, 0, 255, 255]


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_the_first_picture_is_found_and_made_smaller(form: str) -> None:
    """It says where in the message it was, and keeps its proportions; a JPEG has no transparency."""
    wide = np.zeros((100, 400, 4), np.uint8)
    message = {"boxes": np.zeros((20, 4)), "cameras": [{"frame": wide}, {"frame": wide[:50]}]}
    found = first_picture(message)
    assert found is not None
    path, array = found
    assert path == ".cameras[0].frame"
    picture = as_picture(array, form, width=200)
    assert (picture.width, picture.height) == (200, 50)
    image = Image.open(io.BytesIO(picture.data))
    assert (image.format, image.size) == (form.upper(), (200, 50))

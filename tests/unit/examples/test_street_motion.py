from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipertd.examples.street_motion import Blob, Box, MotionFinder

Image = NDArray[np.uint8]
HEIGHT, WIDTH = 240, 640


def scenery(seed: int, height: int = 400, width: int = 1200) -> Image:
    """A large surface with coarse and fine texture, as real ones have."""
    noise = np.random.default_rng(seed).standard_normal((height, width, 3)).astype(np.float32)
    layers = [np.asarray(cv2.GaussianBlur(noise, (0, 0), sigma)) for sigma in (2, 6, 18)]
    surface = sum((layer / layer.std() for layer in layers), np.zeros_like(noise))
    return np.clip(surface * 25 + 128, 0, 255).astype(np.uint8)


def film(
    frames: int, pan: tuple[int, int], thing: Box | None = None, speed: tuple[int, int] = (0, 0), seed: int = 1
) -> list[Image]:
    """A camera that pans over scenery, and a thing that moves by ``speed`` in the picture."""
    ground, surface = scenery(seed), scenery(seed + 100)
    images = []
    for number in range(frames):
        top, left = 80 + number * pan[1], 80 + number * pan[0]
        image = ground[top : top + HEIGHT, left : left + WIDTH].copy()
        if thing is not None:
            y, x = int(thing.y + number * speed[1]), int(thing.x + number * speed[0])
            height, width = int(thing.height), int(thing.width)
            image[y : y + height, x : x + width] = surface[:height, :width]
        images.append(image)
    return images


def found(images: list[Image]) -> list[list[Blob] | None]:
    finder = MotionFinder()
    return [finder.find(image) for image in images]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    height = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    common = max(width, 0) * max(height, 0)
    return common / (one.width * one.height + other.width * other.height - common)


@pytest.mark.parametrize("pan", [(0, 0), (6, 0), (3, 2), (2, -3)])
def test_pan_alone_shows_nothing(pan: tuple[int, int]) -> None:
    """What stands still is not told, however the camera moves."""
    assert found(film(8, pan)) == [None, *[[]] * 7]


@pytest.mark.parametrize("pan", [(0, 0), (4, 0), (3, 1)])
def test_moving_square_is_found_and_nothing_else(pan: tuple[int, int]) -> None:
    """One thing that moves by itself is one box about it, in front of any pan."""
    thing, speed = Box(150, 60, 90, 90), (12, 4)
    for number, blobs in enumerate(found(film(8, pan, thing, speed))[1:], start=1):
        assert blobs is not None
        assert len(blobs) == 1, (number, blobs)
        x, y = thing.x + number * speed[0], thing.y + number * speed[1]
        assert overlap(blobs[0].box, Box(x, y, thing.width, thing.height)) > 0.6


def test_its_own_motion_is_told_without_the_cameras() -> None:
    """A thing that keeps its place in the picture while the camera pans moves as the camera does."""
    thing = Box(250, 80, 90, 90)
    (blob,) = found(film(4, (6, 0), thing))[3] or []
    assert 3 < blob.dx < 7 and -1 < blob.dy < 1


def test_large_thing_is_not_taken_for_the_world() -> None:
    """What covers most of the picture is still what moves, if the camera stood still before."""
    thing = Box(20, 0, 420, HEIGHT)
    still, moving = film(3, (0, 0), thing), film(4, (0, 0), thing, (12, 0))
    (blob,) = found([*still, *moving[1:]])[-1] or []
    assert blob.box.width > 300
    assert blob.dx == pytest.approx(12, abs=2)


def test_cut_begins_anew() -> None:
    """Between two shots nothing moves: the first picture of a shot says so."""
    dark = [(image // 3).astype(np.uint8) for image in film(3, (0, 0), seed=7)]
    assert found([*film(3, (0, 0)), *dark]) == [None, [], [], None, [], []]


def test_small_things_are_left_out() -> None:
    """What covers fewer pixels than asked for is not told."""
    finder = MotionFinder(min_area=20_000)
    assert [finder.find(image) for image in film(4, (2, 0), Box(150, 60, 90, 90), (12, 0))] == [None, [], [], []]

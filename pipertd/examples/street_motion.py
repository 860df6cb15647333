"""What moves in a picture when the camera moves too: optical flow, less the camera's own motion.

1. Dense optical flow tells for each pixel where it was one picture ago.
2. Most of what is seen stands still, and moves in the picture only because the camera does: one map, fitted by RANSAC,
   tells where each pixel should have been (``street_camera``).
3. Where the two differ, something moves by itself. Motion must be strong somewhere to count, and it must show: with the
   camera's motion alone the picture is explained worse than with the flow.

All is done in a grey copy of ``WORK_WIDTH`` pixels; boxes are in pixels of the picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipertd.examples.street_camera import Floats, Grey, fit_camera, flow_of, is_cut, stand_still

WORK_WIDTH = 320
WEAK, STRONG = 0.45, 0.9  # pixels a picture: followed down to the one, told from the other on
PARALLAX = 0.4  # of the camera's motion; when it travels, what stands nearer moves by about so much more than the rest
SHOWS = 5.0  # grey levels by which the flow explains a pixel better than the camera's motion does
SEEDS = 6  # pixels that must be strong and show
FAST = 6.0  # pixels a picture; from here on speed says nothing about where the edge is
EDGE = 1.0  # pixels of flow between neighbours, from which they belong to two things
SPREAD = 25  # pixels, twice as far as flow spreads from something fast into flat surroundings
MARGIN = 2  # pixels around what shows

Mask = NDArray[np.bool_]
Place = tuple[slice, slice]  # rows and columns


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; ``x`` and ``y`` are its left upper corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Blob:
    """Something that moves: where, and by how many pixels since the last picture, the camera's motion taken out."""

    box: Box
    dx: float
    dy: float


class MotionFinder:
    """Finds what moves from one picture to the next."""

    def __init__(self, min_area: int = 800) -> None:
        """What covers less than ``min_area`` pixels of the picture is not told."""
        self.min_area = min_area
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._last: Grey | None = None
        self._camera = stand_still()

    def find(self, image: NDArray[np.uint8], expected: Iterable[Box] = ()) -> list[Blob] | None:
        """What moves in ``image``, (height, width, 3) uint8, against the picture before; None where a shot begins.

        What is ``expected`` somewhere is found there even if it has become slow.
        """
        scale = WORK_WIDTH / image.shape[1]
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        last, self._last = self._last, grey
        if last is None or is_cut(last, grey):
            self._camera = stand_still()
            return None
        flow = np.asarray(self._dis.calc(grey, last, np.zeros((*grey.shape, 2), np.float32)), np.float32)
        self._camera = fit_camera(grey, flow, self._camera)
        camera = flow_of(self._camera, grey.shape)
        shows = _difference(grey, last, camera) - _difference(grey, last, flow) > SHOWS
        needed = np.full(grey.shape, STRONG + PARALLAX * float(np.linalg.norm(camera.mean(axis=(0, 1)))), np.float32)
        for box in expected:
            needed[_pixels(box, scale)] = WEAK
        pieces = _pieces(flow - camera, _edges(flow), shows, needed)
        blobs = [_blob(flow - camera, place, piece, scale) for place, piece in pieces]
        return [blob for blob in blobs if blob.box.width * blob.box.height >= self.min_area]


def _pieces(own: Floats, edges: Mask, shows: Mask, needed: Floats) -> Iterator[tuple[Place, Mask]]:
    """The pieces of the picture that move by themselves."""
    speed = np.asarray(np.linalg.norm(own, axis=2), np.float32)
    moving = (speed > WEAK) & ~edges
    fast = _moving(speed, moving, shows, needed)
    yield from _regions(fast)
    # What is slow beside something fast is seen when that is taken away. Of the rest only what shows is to be trusted.
    moving &= cv2.dilate(fast.astype(np.uint8), np.ones((SPREAD, SPREAD), np.uint8)) == 0
    for place, piece in _regions(_moving(speed, moving, shows, needed)):
        shown = _shown(place, piece & shows[place])
        if shown is not None:
            yield shown


def _moving(speed: Floats, moving: Mask, shows: Mask, needed: Floats) -> Mask:
    """What of each connected region of ``moving`` is at least half as fast as its seeds, if it has any."""
    found = np.zeros(speed.shape, np.uint8)
    for place, inside in _regions(moving):
        seeds = inside & shows[place] & (speed[place] > np.maximum(needed[place], STRONG))
        if np.count_nonzero(seeds) < SEEDS:
            seeds = inside & shows[place] & (speed[place] > needed[place])
        if np.count_nonzero(seeds) < SEEDS:
            continue
        half = min(float(np.median(speed[place][seeds])), FAST) / 2
        found[place][inside & (speed[place] > half)] = 1
    return cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0


def _regions(mask: Mask) -> Iterator[tuple[Place, Mask]]:
    """Each connected region of ``mask``: the place of its bounding box, and its pixels there."""
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    for label in range(1, count):
        x, y, width, height, _ = boxes[label].tolist()
        place = slice(y, y + height), slice(x, x + width)
        yield place, labels[place] == label


def _shown(place: Place, shown: Mask) -> tuple[Place, Mask] | None:
    """The smaller place around ``shown``, a few stray pixels left out; None where there is nothing."""
    rows, columns = np.nonzero(shown)
    if len(rows) < SEEDS:
        return None
    (top, bottom), (left, right) = (np.percentile(each, (1, 99)).astype(int).tolist() for each in (rows, columns))
    top, left = max(top - MARGIN, 0), max(left - MARGIN, 0)
    part = shown[top : bottom + 1 + MARGIN, left : right + 1 + MARGIN]
    y, x = place[0].start + top, place[1].start + left
    return (slice(y, y + part.shape[0]), slice(x, x + part.shape[1])), part


def _edges(flow: Floats) -> Mask:
    """Where neighbours move apart: two things that pass each other are not one."""
    edges = np.zeros(flow.shape[:2], bool)
    edges[:, :-1] |= np.abs(np.diff(flow, axis=1)).max(axis=2) > EDGE
    edges[:-1] |= np.abs(np.diff(flow, axis=0)).max(axis=2) > EDGE
    return edges


def _difference(grey: Grey, last: Grey, flow: Floats) -> Floats:
    """By how many grey levels the picture differs from the last one moved by ``flow``."""
    y, x = np.mgrid[: grey.shape[0], : grey.shape[1]].astype(np.float32)
    moved = cv2.remap(last, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.absdiff(grey, moved), np.float32)


def _blob(own: Floats, place: Place, piece: Mask, scale: float) -> Blob:
    rows, columns = place
    left, top = columns.start / scale, rows.start / scale
    box = Box(left, top, columns.stop / scale - left, rows.stop / scale - top)
    dx, dy = (-np.median(own[place][piece], axis=0) / scale).tolist()  # the flow tells where things were
    return Blob(box, dx, dy)


def _pixels(box: Box, scale: float) -> Place:
    left, top = max(round(box.x * scale), 0), max(round(box.y * scale), 0)
    right, bottom = round((box.x + box.width) * scale), round((box.y + box.height) * scale)
    return slice(top, max(bottom, 0)), slice(left, max(right, 0))

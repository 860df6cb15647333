"""How the camera itself moved between two pictures, and whether it is still the same shot."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Map = NDArray[np.float64]
Points = NDArray[np.integer[Any]] | NDArray[np.floating[Any]]  # (count, 2), x and y

CELL = 8  # pixels; each cell of the grid gives at most one point to fit to
TEXTURE = 5e-5  # of a corner, from which its flow is measured and not guessed from its neighbours
FIT_ERROR = 0.35  # pixels
LEAST = 12  # points that a map is fitted to
JUMP = 2.0  # pixels by which a camera may be expected to change its motion from one picture to the next
INERTIA = 0.3  # of the points that another map has behind it, for the expected one to hold

CUT_CHANGE = 30.0  # grey levels, mean over the picture
CUT_DISTANCE = 0.2  # between histograms


def stand_still() -> Map:
    """The map of a camera that does not move."""
    return np.eye(2, 3)


def is_cut(last: Grey, grey: Grey) -> bool:
    """Whether a new shot begins: neither the pixels nor their histogram are what they were."""
    if float(np.mean(cv2.absdiff(last, grey))) < CUT_CHANGE:
        return False
    before, after = (cv2.calcHist([each], [0], None, [32], [0, 256]) for each in (last, grey))
    return bool(cv2.compareHist(before, after, cv2.HISTCMP_BHATTACHARYYA) > CUT_DISTANCE)


def fit_camera(grey: Grey, flow: Floats, before: Map) -> Map:
    """The shift, turn and zoom, (2, 3), that most of ``flow`` follows; ``before`` where too little is to be seen.

    A camera has weight: a map that is like the one ``before`` needs much less behind it than any other. So a bus that
    fills half of the picture is not taken for the world.
    """
    points = textured_points(grey)
    moved = points + flow[points[:, 1], points[:, 0]]
    steady = _distances(before, points, moved) < JUMP
    likely, likely_count = _fit(points, moved, steady)
    other, other_count = _fit(points, moved, np.ones(len(points), bool))
    if likely is not None and likely_count >= INERTIA * other_count:
        return likely
    return before if other is None else other


def _fit(points: Points, moved: Points, used: NDArray[np.bool_]) -> tuple[Map | None, int]:
    """The map that most points in ``used`` follow, and how many of all points do."""
    if np.count_nonzero(used) < LEAST:
        return None, 0
    cv2.setRNGSeed(0)  # the same film gives the same boxes
    begins, ends = (each[used].astype(np.float32) for each in (points, moved))
    found: Any = cv2.estimateAffinePartial2D(begins, ends, method=cv2.RANSAC, ransacReprojThreshold=FIT_ERROR)[0]
    if found is None:
        return None, 0
    camera = np.asarray(found, np.float64)
    return camera, int(np.count_nonzero(_distances(camera, points, moved) < FIT_ERROR))


def _distances(camera: Map, points: Points, moved: Points) -> NDArray[np.float64]:
    """How far each point is from where ``camera`` would have it."""
    return np.asarray(np.linalg.norm(moved - points @ camera[:, :2].T - camera[:, 2], axis=1), np.float64)


def textured_points(grey: Grey) -> NDArray[np.int64]:
    """(count, 2), x and y: the best corner of each cell of the grid that has one."""
    rows, columns = (each // CELL for each in grey.shape)
    corners = cv2.cornerMinEigenVal(grey, 5)[: rows * CELL, : columns * CELL]
    cells = corners.reshape(rows, CELL, columns, CELL).swapaxes(1, 2).reshape(rows, columns, CELL * CELL)
    good = cells.max(axis=2) > TEXTURE
    row, column = np.nonzero(good)
    y, x = np.divmod(cells.argmax(axis=2)[good], CELL)
    return np.stack([column * CELL + x, row * CELL + y], axis=1)


def flow_of(camera: Map, shape: tuple[int, ...]) -> Floats:
    """(height, width, 2): by how much ``camera`` moves each pixel."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    (a, b, right), (c, d, down) = camera.tolist()
    return np.stack([(a - 1) * x + b * y + right, c * x + (d - 1) * y + down], axis=2).astype(np.float32)

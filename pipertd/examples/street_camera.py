"""How the camera itself moved between two pictures, and whether it is still the same shot."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float32]
Map = NDArray[np.float64]

CELL = 8  # pixels; each cell of the grid gives at most one point to fit to
TEXTURE = 5e-5  # of a corner, from which its flow is measured and not guessed from its neighbours
FIT_ERROR = 0.35  # pixels
JUMP = 2.0  # pixels; a camera does not change its motion by more from one picture to the next
ENOUGH = 0.1  # of all points, to leave the others out

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

    A camera has weight: points that moved quite otherwise than it did ``before`` have no say while enough others are
    left. So a bus that fills half of the picture is not taken for the world.
    """
    points = textured_points(grey)
    moved = points + flow[points[:, 1], points[:, 0]]
    steady = np.linalg.norm(moved - points @ before[:, :2].T - before[:, 2], axis=1) < JUMP
    if np.count_nonzero(steady) > ENOUGH * len(points):
        points, moved = points[steady], moved[steady]
    if len(points) < 12:
        return before
    cv2.setRNGSeed(0)  # the same film gives the same boxes
    found, _ = cv2.estimateAffinePartial2D(
        points.astype(np.float32), moved.astype(np.float32), method=cv2.RANSAC, ransacReprojThreshold=FIT_ERROR
    )
    return before if found is None else np.asarray(found, np.float64)


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

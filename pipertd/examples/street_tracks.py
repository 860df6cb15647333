"""Following things from picture to picture: which blob now is the one of before, and what number it has.

An alpha-beta filter on each corner (a Kalman filter whose gains have settled) says where a box should be next. A blob
seen there goes on with its number; one that is new has to be seen again before it gets one; one that is not seen for
a moment is kept, and found again at the place where its speed has carried it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipertd.examples.street_motion import Blob, Box

CONFIRM = 4  # pictures in which a thing has to be seen before it is told
TOLD, KEPT = 1, 4  # pictures for which it is told, and kept, without being seen
POSITION_GAIN, SPEED_GAIN = 0.6, 0.2
SAME = 0.25  # overlap (intersection over union) from which a blob may be the thing expected there
PART = 0.7  # of a blob within a thing, from which it is a part of it

Corners = NDArray[np.float64]  # left, top, right, bottom


class Track:
    """One thing that is followed; its ``number`` is 0 until it is confirmed."""

    def __init__(self, blob: Blob) -> None:
        self.corners = _corners(blob.box)
        self.speed = np.zeros(4)
        self.own = np.array([blob.dx, blob.dy])
        self.seen = 1
        self.unseen = 0
        self.number = 0

    def predict(self) -> None:
        """Go where it should be one picture later."""
        self.corners = self.corners + self.speed
        self.unseen += 1

    def correct(self, corners: Corners, blob: Blob) -> None:
        """Take in where it was seen, and how its largest part moved."""
        error = corners - self.corners
        # The first step is the best guess of its speed that there is.
        self.speed = self.speed + (1.0 if self.seen == 1 else SPEED_GAIN) * error
        self.corners = self.corners + POSITION_GAIN * error
        self.own = self.own + POSITION_GAIN * (np.array([blob.dx, blob.dy]) - self.own)
        self.seen += 1
        self.unseen = 0

    def may_be(self, blob: Blob) -> bool:
        """What moves the other way is something else."""
        return float(self.own @ (blob.dx, blob.dy)) >= 0


class Tracker:
    """Gives numbers to what moves, ``last_number`` + 1 being the next."""

    def __init__(self, width: int, height: int, last_number: int = 0) -> None:
        self.last_number = last_number
        self._picture = np.array([0.0, 0.0, width, height])
        self._tracks: list[Track] = []

    def forget(self) -> None:
        """What comes next has nothing to do with what was."""
        self._tracks.clear()

    def expected(self) -> list[Box]:
        """Where the things that have a number should be in the next picture."""
        return [_box(self._clip(track.corners + track.speed)) for track in self._tracks if track.number]

    def update(self, blobs: Sequence[Blob]) -> dict[int, Box]:
        """Where each thing is in this picture, by number."""
        for track in self._tracks:
            track.predict()
        left = self._match(list(blobs))
        self._tracks = [track for track in self._tracks if self._is_kept(track)]
        known = [track for track in self._tracks if track.number]
        self._tracks += [Track(blob) for blob in left if not any(self._is_part(blob, track) for track in known)]
        for track in self._tracks:
            if not track.number and track.seen >= CONFIRM:
                self.last_number += 1
                track.number = self.last_number
        told = [track for track in self._tracks if track.number and track.unseen <= TOLD]
        return {track.number: _box(self._clip(track.corners)) for track in told}

    def _match(self, left: list[Blob]) -> list[Blob]:
        """Correct each track by what was seen of it, confirmed ones and best overlap first; give back the rest."""
        pairs = [
            (track.number > 0, _overlap(self._clip(track.corners), _corners(blob.box)), track, blob)
            for track in self._tracks
            for blob in left
            if track.may_be(blob)
        ]
        for _, overlap, track, blob in sorted(pairs, key=lambda pair: pair[:2], reverse=True):
            if overlap < SAME or not track.unseen or blob not in left:
                continue
            left.remove(blob)
            parts = [other for other in left if self._is_part(other, track)]
            left = [other for other in left if other not in parts]
            whole = np.array([_corners(each.box) for each in (blob, *parts)])
            track.correct(np.concatenate([whole[:, :2].min(axis=0), whole[:, 2:].max(axis=0)]), blob)
        return left

    def _is_kept(self, track: Track) -> bool:
        patience = KEPT if track.number else 0
        return track.unseen <= patience and _inside(track.corners, self._picture) > 0.1

    def _is_part(self, blob: Blob, track: Track) -> bool:
        return track.may_be(blob) and _inside(_corners(blob.box), self._clip(track.corners)) >= PART

    def _clip(self, corners: Corners) -> Corners:
        return np.clip(corners, 0, np.tile(self._picture[2:], 2))


def _corners(box: Box) -> Corners:
    return np.array([box.x, box.y, box.x + box.width, box.y + box.height])


def _box(corners: Corners) -> Box:
    left, top, right, bottom = corners.tolist()
    return Box(left, top, max(right - left, 0.0), max(bottom - top, 0.0))


def _area(corners: Corners) -> float:
    return float(np.prod(np.maximum(corners[2:] - corners[:2], 0)))


def _common(one: Corners, other: Corners) -> float:
    return _area(np.concatenate([np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])]))


def _overlap(one: Corners, other: Corners) -> float:
    common = _common(one, other)
    return common / max(_area(one) + _area(other) - common, 1e-9)


def _inside(one: Corners, other: Corners) -> float:
    return _common(one, other) / max(_area(one), 1e-9)

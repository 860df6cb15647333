"""Routines as PipeRT2's users write them, with a file that tells what arrived."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipertd import EndOfStream, FPSRoutine, FrameData, FunctionalMiddleRoutine, class_functions_dictionary


class Frame(FrameData):
    def __init__(self, frame: np.ndarray[Any, Any], frame_number: int) -> None:
        self.frame = frame
        self.frame_number = frame_number

    def get_frame(self) -> np.ndarray[Any, Any]:
        return self.frame


class Src(FPSRoutine):
    def __init__(self, last: int = 5) -> None:
        super().__init__()
        self.set_const_fps(500)
        self.last = last
        self.count = 0

    def main_logic(self, data: Any) -> FrameData:
        assert data is None
        self.count += 1
        if self.count > self.last:
            raise EndOfStream
        return Frame(np.full((500, 700, 3), self.count, np.uint8), self.count)


class Mid(FPSRoutine):
    events = class_functions_dictionary()

    def main_logic(self, data: Frame) -> Frame:
        self._logger.info("frame %d in %s", data.frame_number, self.name)
        data.seen = [self.name]  # type: ignore[attr-defined]
        return data

    @events("HELLO")
    def hello(self) -> str:
        return self.name


class Twice(FunctionalMiddleRoutine):
    def __init__(self) -> None:
        super().__init__(lambda frame: Frame(frame.frame * 2, frame.frame_number))


class Dst(FPSRoutine):
    file: Path

    def __init__(self, file: str) -> None:
        super().__init__()
        self.file = Path(file)

    def main_logic(self, data) -> None:  # type: ignore[no-untyped-def]
        with self.file.open("a") as out:
            seen = getattr(data, "seen", None)
            out.write(f"{type(data).__name__} {data.frame_number} {data.frame[0, 0, 0]} {seen}\n")

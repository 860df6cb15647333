"""The routines that are measured. They run in real flows, as any author's do."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from pipertd import DestinationRoutine, EndOfStream, MiddleRoutine, SourceRoutine
from tests.benchmarks.arrivals import Arrivals
from tests.benchmarks.job import FRAME_BYTES, prepared_frames, small_message, touch

_NS = 1_000_000_000


class _Timed(SourceRoutine):
    """Sends for some seconds, counted from when its reader must have begun: more was sent than its link can hold."""

    seconds: float
    settled: int = 8
    _sent = 0
    _until_ns = 0

    def count(self) -> int:
        """Now, in ns; ends the stream when the time is over."""
        now_ns = time.monotonic_ns()
        self._sent += 1
        if self._sent == self.settled:
            self._until_ns = now_ns + int(self.seconds * _NS)
        elif self._until_ns and now_ns >= self._until_ns:
            raise EndOfStream
        return now_ns


class SendSmall(_Timed):
    size_bytes: int

    def setup(self) -> None:
        self._pad = small_message(0, self.size_bytes)["pad"]

    def main_logic(self) -> dict[str, Any]:
        return {"sent_ns": self.count(), "pad": self._pad}


class SendFrames(_Timed):
    """Fills a loan from private memory; the time is taken before, so that a latency has the copy in it."""

    size_bytes: int

    def setup(self) -> None:
        self._frames = prepared_frames(self.size_bytes)

    def main_logic(self) -> dict[str, Any]:
        sent_ns = self.count()
        frame = self.loan(self.size_bytes)
        np.copyto(frame, self._frames[self._sent & 3])
        return {"sent_ns": sent_ns, "frame": frame}


class SendUnfilled(_Timed):
    """Sends loans as they are: what is measured is how they are passed on, and not the caches after a copy."""

    size_bytes: int

    def main_logic(self) -> dict[str, Any]:
        sent_ns = self.count()
        frame = self.loan(self.size_bytes)
        frame[0] = frame[-1] = 1
        return {"sent_ns": sent_ns, "frame": frame}


class PassOn(MiddleRoutine):
    def main_logic(self, data: dict[str, Any]) -> dict[str, Any]:
        return {"sent_ns": time.monotonic_ns(), "frame": data["frame"]}


class Receive(DestinationRoutine):
    report: Path
    size_bytes: int
    paced: bool

    def setup(self) -> None:
        self._note = Arrivals(paced=self.paced)
        self.main_logic = self._frame if self.size_bytes >= FRAME_BYTES else self._small  # type: ignore[method-assign]

    def main_logic(self, data: dict[str, Any]) -> None:
        raise NotImplementedError

    def _small(self, data: dict[str, Any]) -> None:
        self._note.note(time.monotonic_ns(), data["sent_ns"])

    def _frame(self, data: dict[str, Any]) -> None:
        self._note.note(time.monotonic_ns(), data["sent_ns"])
        touch(data["frame"])

    def cleanup(self) -> None:
        self._note.write(self.report)


class Drop(DestinationRoutine):
    def main_logic(self, data: dict[str, Any]) -> None:
        pass


class FanOut(_Timed):
    """Measures itself: its thread's CPU time from one message to the next, and from a return to the next call."""

    size_bytes: int
    report: Path

    def setup(self) -> None:
        self._frames = prepared_frames(self.size_bytes)
        self._whole_ns: list[int] = []
        self._publishing_ns: list[int] = []
        self._began_ns = self._returned_ns = 0

    def main_logic(self) -> dict[str, Any]:
        now_ns = time.thread_time_ns()
        if self._returned_ns:
            self._whole_ns.append(now_ns - self._began_ns)
            self._publishing_ns.append(now_ns - self._returned_ns)
        time.sleep(0.01)  # until there is room, whoever reads
        sent_ns = self.count()
        self._began_ns = time.thread_time_ns()
        frame = self.loan(self.size_bytes)
        np.copyto(frame, self._frames[self._sent & 3])
        self._returned_ns = time.thread_time_ns()
        return {"sent_ns": sent_ns, "frame": frame}

    def cleanup(self) -> None:
        steady = slice(len(self._whole_ns) // 5, None)
        whole, publishing = (np.median(each[steady]) / 1000 for each in (self._whole_ns, self._publishing_ns))
        self.report.write_text(json.dumps({"whole_us": float(whole), "publishing_us": float(publishing)}))


class Busy(SourceRoutine):
    """Pure Python without a pause, and no message for whoever reads it."""

    seconds: float

    def setup(self) -> None:
        self._until_ns = time.monotonic_ns() + int(self.seconds * _NS)

    def main_logic(self) -> None:
        if time.monotonic_ns() >= self._until_ns:
            raise EndOfStream
        sum(number * number for number in range(100_000))


class Count(SourceRoutine):
    """Numbers without a gap, across any crash."""

    last: int = 0

    def main_logic(self) -> dict[str, int]:
        if self.last and self.published == self.last:
            raise EndOfStream
        return {"number": self.published}


class Journal(DestinationRoutine):
    """Writes number, generation and time of each message, so that a kill costs no line."""

    file: Path

    def setup(self) -> None:
        self._descriptor = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def main_logic(self, data: dict[str, int]) -> None:
        now_ns = time.monotonic_ns()
        os.write(self._descriptor, b"%d %d %d\n" % (data["number"], self.generation, now_ns))

    def cleanup(self) -> None:
        os.close(self._descriptor)

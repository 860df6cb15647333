"""Routines that do what tests need done to a pipeline: count, write down, hang, fail, fork."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipertd import DestinationRoutine, EndOfStream, Envelope, MiddleRoutine, SourceRoutine, events


class Count(SourceRoutine):
    """Counts from 0; goes on behind what it published before a crash."""

    amount: int = 1_000_000_000

    def main_logic(self) -> dict[str, int]:
        if self.published >= self.amount:
            raise EndOfStream
        return {"number": self.published}


class CountBehind(Count):
    """As Count; sends the first number, and the others when there is a file ``behind``."""

    behind: Path

    def main_logic(self) -> dict[str, int]:
        while self.published and not self.behind.exists():
            time.sleep(0.01)
        return super().main_logic()


class Gate(DestinationRoutine):
    """Writes down each number; is busy until there is a file ``gate``."""

    file: Path
    gate: Path

    def main_logic(self, data: dict[str, int]) -> None:
        with self.file.open("a") as file:
            file.write(f"{data['number']}\n")
        while not self.gate.exists():
            time.sleep(0.01)


class Note(DestinationRoutine):
    """Writes down from whom each number came."""

    file: Path

    def main_logic(self, data: dict[str, int]) -> None:
        assert self.message is not None
        with self.file.open("a") as file:
            file.write(f"{self.message.link.partition(' ')[0]} {data['number']}\n")


class Batch(DestinationRoutine):
    """Writes ``size`` numbers to ``file`` at once, and acknowledges them then; ``held`` tells what it got and when.

    The first generation waits with the sixth number of its second batch, to be killed.
    """

    acknowledge = "manual"
    size: int
    file: Path
    held: Path

    def setup(self) -> None:
        self.batch: list[tuple[int, Envelope]] = []

    def main_logic(self, data: dict[str, int]) -> None:
        assert self.message is not None
        while self.generation == 1 and data["number"] == 15:
            time.sleep(0.01)
        with self.held.open("a") as file:
            file.write(f"{data['number']}\n")
        self.batch.append((data["number"], self.message))
        if len(self.batch) == self.size:
            self.write()

    def cleanup(self) -> None:
        self.write()

    def write(self) -> None:
        with self.file.open("a") as file:
            file.write("".join(f"{number}\n" for number, _ in self.batch))
        for _, message in self.batch:
            message.done()
        self.batch.clear()


class Zeros(SourceRoutine):
    """Sends arrays of zeros, filled in place where there is room."""

    amount: int

    def main_logic(self) -> dict[str, Any]:
        if self.published >= self.amount:
            raise EndOfStream
        array = self.loan((100, 200), np.int32)
        array[:] = 0
        return {"array": array}


class Draw(DestinationRoutine):
    """Draws on every array."""

    writable = True

    def main_logic(self, data: dict[str, Any]) -> None:
        data["array"][:] = 1


class Look(DestinationRoutine):
    """Writes down the sum of every array, which it cannot change."""

    file: Path

    def main_logic(self, data: dict[str, Any]) -> None:
        if data["array"].flags.writeable:
            raise ValueError("somebody else's array can be written to")
        with self.file.open("a") as file:
            file.write(f"{data['array'].sum()}\n")


@dataclass
class Measured:
    """A number and its square."""

    number: int
    square: int
    cube: int | None = None


class Measure(SourceRoutine):
    """Sends dataclasses, and one dict that is none of them."""

    amount: int

    def main_logic(self) -> Any:
        number = self.published
        if number >= self.amount:
            raise EndOfStream
        return {"number": "three"} if number == 3 else Measured(number, number**2)


class Typed(DestinationRoutine):
    """Takes dataclasses."""

    file: Path

    def main_logic(self, data: Measured) -> None:
        with self.file.open("a") as file:
            file.write(f"{data.square}\n")


class Ask(SourceRoutine):
    """Sends one event to the whole pipeline, then nothing."""

    def setup(self) -> None:
        self.asked = False

    def main_logic(self) -> None:
        if not self.asked:
            self.notify_event("NOTE", text="from afar")
            self.asked = True


class Pass(MiddleRoutine):
    """Passes on, after ``pause_s``."""

    pause_s: float = 0.0

    def main_logic(self, data: dict[str, int]) -> dict[str, int]:
        time.sleep(self.pause_s)
        return {"number": data["number"]}


class Write(DestinationRoutine):
    """Appends each number to ``file`` as one line, after ``pause_s``; what was written is not written again."""

    file: Path
    pause_s: float = 0.0

    def setup(self) -> None:
        self.last = -1
        if self.file.exists():
            lines = self.file.read_bytes().split(b"\n")
            if lines[-1]:  # else whoever reads it now would find it empty for a moment
                self.file.write_bytes(b"".join(line + b"\n" for line in lines[:-1]))
            self.last = int(lines[-2]) if len(lines) > 1 else -1

    def main_logic(self, data: dict[str, int]) -> None:
        time.sleep(self.pause_s)
        if data["number"] > self.last:
            with self.file.open("a") as file:
                file.write(f"{data['number']}\n")

    @events("NOTE")
    def note(self, text: str | int) -> dict[str, Any]:
        self.logger.info("noted %s", text)
        return {"noted": text, "generation": self.generation}

    @events("BREAK")
    def fail(self) -> None:
        raise LookupError("nothing to find")

    @events("DOZE")
    def doze(self, seconds: float = 3600) -> None:
        time.sleep(seconds)


class Adjusted(DestinationRoutine):
    """Has a handler that takes all sorts of parameters."""

    def main_logic(self, data: dict[str, int]) -> None:
        pass

    @events("ADJUST")
    def adjust(self, gain: float, region: tuple[int, int] | None = None, *, note="", **more: object) -> None:  # type: ignore[no-untyped-def]
        """Change how it
        looks.

        Not now.
        """  # noqa: D205


class Hang(DestinationRoutine):
    """Hangs at the number ``at`` in its first generation, or in its cleanup where ``at`` is -1."""

    at: int = 3

    def main_logic(self, data: dict[str, int]) -> None:
        if data["number"] == self.at and self.generation == 1:
            time.sleep(3600)  # here it hangs

    def cleanup(self) -> None:
        if self.at < 0:
            time.sleep(3600)  # here it does not end


class HoldPython(DestinationRoutine):
    """In its first generation calls C code that does not return, and does not let other threads run."""

    def main_logic(self, data: dict[str, int]) -> None:
        if data["number"] == 3 and self.generation == 1:
            ctypes.PyDLL(None).sleep(3600)  # here it holds Python


class Crash(DestinationRoutine):
    """Says why and dies at its first message, or fails in ``setup``."""

    in_setup: bool = False

    def setup(self) -> None:
        if self.in_setup:
            raise RuntimeError("no model to load")

    def main_logic(self, data: dict[str, int]) -> None:
        print("the last straw")
        os._exit(9)


class Fork(DestinationRoutine):
    """Leaves a child behind that ignores SIGTERM, in its process group or ``away``; its process id is in ``file``."""

    file: Path
    away: bool = False

    def setup(self) -> None:
        child = os.fork()
        if child == 0:
            if self.away:
                os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            self.file.write_text(f"{os.getpid()}\n")
            time.sleep(3600)
            os._exit(0)
        while not (self.file.exists() and self.file.read_text().endswith("\n")):
            time.sleep(0.01)

    def main_logic(self, data: dict[str, int]) -> None:
        """Take it and do nothing."""


class Refuse(DestinationRoutine):
    """Fails at every message."""

    def main_logic(self, data: dict[str, int]) -> None:
        raise ValueError(f"cannot like it: {data['number']}")


class Ignore(DestinationRoutine):
    """Takes what comes."""

    def main_logic(self, data: Any) -> None:
        pass


class Traced(SourceRoutine):
    """Sends one message with a trace context."""

    def main_logic(self) -> dict[str, Any]:
        if self.published:
            raise EndOfStream
        self.trace_context = bytes(range(16))
        return {"origin": self.name}


class Onward(MiddleRoutine):
    """Sends on what it gets."""

    def main_logic(self, data: Any) -> Any:
        return data


class Witness(DestinationRoutine):
    """Writes down where its message has been: trace context, count of hops, then a line for each hop."""

    file: Path

    def main_logic(self, data: Any) -> None:
        message = self.message
        assert message is not None
        times = [message.capture_time_s, *(time for hop in message.hops for time in hop[1:]), message.publish_time_s]
        lines = [message.trace_context.hex(), str(message.hop_count), *(hop.routine for hop in message.hops)]
        self.file.write_text("\n".join([*lines, "in order" if times == sorted(times) else str(times)]))


class CountAndTell(Count):
    """As Count; writes at its end how many it has published."""

    told: Path

    def cleanup(self) -> None:
        self.told.write_text(f"{self.published}\n")


class Talk(SourceRoutine):
    """Logs and prints lines that are numbered from 0 in each process."""

    def setup(self) -> None:
        self.spoken = 0

    def main_logic(self) -> dict[str, int]:
        line = f"line {self.spoken} of {os.getpid()}"
        if self.spoken % 2:
            print(line, flush=True)
        else:
            self.logger.info(line)
        self.spoken += 1
        return {"number": self.published}

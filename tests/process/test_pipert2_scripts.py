"""What PipeRT2's README shows of messages and constructors, in a script, with its imports changed."""

from __future__ import annotations

from pathlib import Path

from tests.process.scripted import Script

CUSTOM_DATA = """
from multiprocessing import Event
from pipertd import Data, DestinationRoutine, FPSRoutine, KILL_EVENT_NAME, Pipe, START_EVENT_NAME, Wire

class Example(Data):
    def __init__(self):
        self.custom_param = "custom param"

class SrcRoutine(FPSRoutine):
    def main_logic(self) -> Example:
        return Example()

class MidRoutine(FPSRoutine):
    def main_logic(self, example: Example) -> Example:
        print(example.custom_param)
        example.custom_param = "change"
        return example

class DstRoutine(FPSRoutine):
    came = Event()
    def main_logic(self, example):
        print(type(example).__name__, example.custom_param)
        self.came.set()

class Paced(DestinationRoutine):
    def __init__(self, required_fps):
        self.set_const_fps(required_fps)
    def main_logic(self, data):
        pass

src, mid, dst, paced = SrcRoutine(), MidRoutine(), DstRoutine(), Paced(5)
pipe = Pipe()
pipe.create_flow("first", True, src, mid)
pipe.create_flow("second", False, dst, paced)
pipe.link(Wire(source=mid, destinations=(dst, paced)))
pipe.build()
pipe.notify_event(START_EVENT_NAME)
assert dst.came.wait(60)
pipe.notify_event(KILL_EVENT_NAME)
pipe.join()
"""


def test_custom_data_types_and_constant_fps(tmp_path: Path) -> None:
    """An object goes from flow to flow as what it is; a constructor that only sets the fps makes a routine."""
    done = Script(tmp_path, CUSTOM_DATA, prelude="").works()
    assert "custom param" in done.stdout and "Example change" in done.stdout

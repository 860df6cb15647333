from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipertd import EndOfStream
from pipertd.examples.street import DecodeVideo, DetectMotion, ReportObjects, street_video
from pipertd.flow.routine import Host


def decoder(published: int, *, loop: bool = False) -> DecodeVideo:
    """A decoder in a flow that has published so many frames."""
    routine = DecodeVideo()
    routine.loop = loop
    routine._host = Host(read_published=lambda: published, raise_event=lambda *_: None, declare_waiting=lambda _: None)
    routine.setup()
    return routine


def test_video_comes_with_its_package() -> None:
    """It is found without importing the package that ships it."""
    assert street_video().stat().st_size > 0


def test_every_frame_comes_once_and_in_order() -> None:
    """250 frames of 640×272, 40 ms apart, then the end."""
    routine = decoder(0)
    for number in range(250):
        message = routine.main_logic()
        assert message["frame"] == number
        assert message["time_s"] == pytest.approx(number / 25)
        assert message["image"].shape == (272, 640, 3)
    with pytest.raises(EndOfStream):
        routine.main_logic()
    routine.cleanup()


@pytest.mark.parametrize("published", [1, 29, 30, 31, 75, 76, 77, 186, 187, 242, 249])
def test_successor_goes_on_with_the_frame_behind_the_last(published: int) -> None:
    """Wherever the key frames lie, the first frame of a later generation is the next one, and the same picture."""
    routine, whole = decoder(published), decoder(0)
    message = routine.main_logic()
    while (same := whole.main_logic())["frame"] < published:
        pass
    routine.cleanup()
    whole.cleanup()
    assert message["frame"] == published
    assert np.array_equal(message["image"], same["image"])


@pytest.mark.parametrize("published", [248, 250, 251, 775])
def test_loop_goes_on_for_ever(published: int) -> None:
    """Behind the last picture comes the first; numbers and times go on, and a successor finds its place."""
    routine, whole = decoder(published, loop=True), decoder(0)
    pictures = [whole.main_logic()["image"] for _ in range(250)]
    for number in range(published, published + 4):
        message = routine.main_logic()
        assert message["frame"] == number
        assert message["time_s"] == pytest.approx(number / 25)
        assert np.array_equal(message["image"], pictures[number % 250])
    routine.cleanup()
    whole.cleanup()


def test_successor_at_the_end_ends() -> None:
    """When all frames were out before the crash, nothing comes again."""
    routine = decoder(250)
    with pytest.raises(EndOfStream):
        routine.main_logic()
    routine.cleanup()


def test_numbers_go_on_behind_the_committed_one() -> None:
    """What a later generation finds gets numbers above the last one that was committed."""
    routine, detector = decoder(140), DetectMotion()
    detector.setup()
    detector.position = 99
    numbers: set[int] = set()
    for _ in range(12):
        numbers |= {each["id"] for each in detector.main_logic(routine.main_logic())["objects"]}
    routine.cleanup()
    assert numbers and min(numbers) == 100
    assert detector.position == max(numbers)


def test_report_is_right_whoever_writes_it(tmp_path: Path) -> None:
    """Two generations with a frame that both got write one line for each frame."""
    image = np.zeros((64, 96, 3), np.uint8)
    image.flags.writeable = False
    for generation, numbers in ((1, range(5)), (2, range(4, 9))):
        report = ReportObjects()
        report.out, report.generation = tmp_path, generation
        report.setup()
        for number in numbers:
            report.main_logic({"frame": number, "time_s": number / 25, "image": image, "objects": []})
        report.cleanup()
    lines = (tmp_path / "objects.jsonl").read_text().splitlines()
    assert [json.loads(line)["frame"] for line in lines] == list(range(9))

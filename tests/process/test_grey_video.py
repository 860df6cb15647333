"""PipeRT2's demo of a video: the script with a pipe, and the definition beside it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import pipertd.examples
from pipertd.testing import run_definition

FRAMES = 12
DEADLINE_S = 120.0


def video(folder: Path) -> str:
    file = str(folder / "video.avi")
    writer = cv2.VideoWriter(file, cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    for number in range(FRAMES):
        writer.write(np.full((240, 320, 3), 10 * number, np.uint8))
    writer.release()
    return file


def test_the_script_plays_the_video_to_its_end(tmp_path: Path) -> None:
    """Frames go through two flows as the objects that they are, and the script reads how many came."""
    done = subprocess.run(
        [sys.executable, "-m", "pipertd.examples.grey_video"],
        env={**os.environ, "VIDEO_PATH": video(tmp_path)},
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = re.search(r"(\d+) frames are at their destination", done.stdout)
    assert told is not None and 1 <= int(told[1]) <= FRAMES, done.stdout


def test_the_definition_does_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no link drops, each frame is there, grey, with its number."""
    monkeypatch.setenv("VIDEO_PATH", video(tmp_path))
    run = run_definition(Path(pipertd.examples.__file__).parent / "grey_video.yaml")
    assert [each.frame_number for each in run.taken("DST")] == list(range(1, FRAMES + 1))
    assert {each.get_frame().shape for each in run.taken("DST")} == {(240, 320)}

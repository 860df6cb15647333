"""Fills a quarantine as a flow's successor does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from pipertd.quarantine import PutAside, Quarantine
from pipertd.shm.codec import Encoder

HERE = Path(__file__).parent


def frame(number: int = 137, height: int = 12, width: int = 16) -> dict[str, Any]:
    """A message with a picture in it, no pixel of which is like the next."""
    pixels = np.arange(height * width * 3, dtype=np.int64) % 251
    return {"number": number, "image": pixels.astype(np.uint8).reshape(height, width, 3)}


def put_aside(folder: Path, message: Any, name: str = "m", **more: Any) -> PutAside:
    """Put ``message`` aside under ``name``; ``more`` are facts of it that matter to the test."""
    encoded = Encoder().encode(message)
    facts: dict[str, Any] = {
        "pipeline": "street",
        "flow": "analyse",
        "routine": "motion",
        "link": "capture/decode -> analyse/motion",
        "sequence": 137,
        "origin": 140,
        "attempts": 3,
        "deaths": 3,
        "captured_s": 1_700_000_000.25,
        "time_s": 1_700_000_010.5,
        "reason": "killed by SIGABRT in motion",
        "stacks": 'Fatal Python error: Aborted\n  File "fatal.py", line 29 in main_logic\n',
        "class_path": "fatal:Abort",
        "params": {},
        "path": [str(HERE)],
        "python": sys.executable,
        "body_offset": encoded.body_offset,
        "length": encoded.length,
    }
    about = PutAside(id=name, **{**facts, **more})
    Quarantine(folder, 1 << 30).keep(about, encoded.joined())
    return about

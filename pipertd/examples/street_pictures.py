"""The pictures that are made of a journal when the last frame is in: a video, a contact sheet, a plot.

Each is written beside its name and renamed, so what has the name is whole, whenever the process was killed.
"""

from __future__ import annotations

from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import av
import cv2
import numpy as np

from pipertd.examples.street_report import Image, Journal, color_of

SHEET_COLUMNS, SHEET_ROWS = 4, 6


def make_pictures(journal: Journal) -> list[Path]:
    """Make all of them again, from all that is written; nothing of nothing, and no plot without matplotlib."""
    if not len(journal):
        return []
    made = []
    makers = {"street.mp4": make_video, "contact-sheet.png": make_contact_sheet}
    if find_spec("matplotlib"):
        makers["objects-over-time.png"] = make_plot
    for name, make in makers.items():
        path = journal.folder / name
        unfinished = path.with_stem(f".{path.stem}")
        make(journal, unfinished)
        made.append(unfinished.replace(path))
    return made


def make_video(journal: Journal, path: Path) -> None:
    """All frames with their boxes, at the speed of the original."""
    lines = journal.lines()
    span_s = lines[-1]["time_s"] - lines[0]["time_s"]
    rate = Fraction((len(lines) - 1) / span_s).limit_denominator(1001) if span_s > 0 else Fraction(25)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "20"})
        stream.pix_fmt = "yuv420p"
        stream.height, stream.width = _read(journal, lines[0]["frame"]).shape[:2]
        for line in lines:
            image = _read(journal, line["frame"])
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())


def make_contact_sheet(journal: Journal, path: Path) -> None:
    """Frames from all over the video on one page."""
    lines = journal.lines()
    chosen = np.linspace(0, len(lines) - 1, SHEET_COLUMNS * SHEET_ROWS).round().astype(int).tolist()
    images = [_read(journal, lines[each]["frame"]) for each in chosen]
    small = [cv2.resize(image, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA) for image in images]
    rows = [np.hstack(small[at : at + SHEET_COLUMNS]) for at in range(0, len(small), SHEET_COLUMNS)]
    cv2.imwrite(str(path), np.vstack(rows))


def make_plot(journal: Journal, path: Path) -> None:
    """How many objects there are at each time, and which."""
    from matplotlib.figure import Figure  # not before it is needed: it takes its time

    lines = journal.lines()
    times = [line["time_s"] for line in lines]
    seen: dict[int, list[float]] = {}
    for line in lines:
        for each in line["objects"]:
            seen.setdefault(each["id"], []).append(line["time_s"])
    figure = Figure(figsize=(10, 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2))
    above.step(times, [len(line["objects"]) for line in lines], where="post", color="black")
    above.set(ylabel="objects", title=f"{len(seen)} objects in {len(lines)} frames")
    for number, at in seen.items():
        blue, green, red = color_of(number)
        below.scatter(at, [number] * len(at), marker="s", s=14, color=(red / 255, green / 255, blue / 255))
    below.set(xlabel="time in s", ylabel="number of the object")
    for axes in (above, below):
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)


def _read(journal: Journal, frame: int) -> Image:
    image = cv2.imread(str(journal.picture(frame)))
    if image is None:
        raise FileNotFoundError(f"cannot read {journal.picture(frame)}: it is not there, or no picture")
    return np.asarray(image, np.uint8)

"""Two plots over the size of a message: how long one takes, and how many go through a second."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.benchmarks.figures import OURS
from tests.benchmarks.job import FULL_HD_BYTES
from tests.benchmarks.results import Curves, Results

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
_TITLES = {
    "latency": ("One way, from one process to another (median)", "µs"),
    "rate": ("Through one link", "messages a second"),
}
_OURS_COLOUR = "#c0392b"
_COLOURS = ("#1f77b4", "#6baed6", "#2ca02c", "#9467bd", "#8c564b", "#7f7f7f", "#17becf", "#bcbd22")
_LABELS_APART = 1.45  # times


def draw(results: Results) -> list[Path]:
    """Write the plots that there are curves for."""
    mpl.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "pipertd", "font.size": 11})
    return [_plot(kind, curves) for kind in _TITLES if (curves := results.curves(kind))]


def _plot(kind: str, curves: Curves) -> Path:
    title, unit = _TITLES[kind]
    figure = Figure(figsize=(9.6, 5.4), layout="constrained")
    figure.get_layout_engine().set(rect=(0, 0, 0.97, 1))  # type: ignore[call-arg, union-attr]  # room for a wider font
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontweight="bold")
    axes.set(xscale="log", yscale="log", xlabel="size of a message", ylabel=unit)
    colours = iter(_COLOURS * 2)
    ends = []
    for side, points in curves.items():
        ours = side == OURS
        colour = _OURS_COLOUR if ours else next(colours)
        sizes, values = zip(*points, strict=True)
        axes.plot(
            sizes, values, marker="o", markersize=4, color=colour, linewidth=3 if ours else 1.4, zorder=3 if ours else 2
        )
        ends.append((values[-1], sizes[-1], side, colour))
    _label(axes, ends)
    _tick(axes, sorted({size for points in curves.values() for size, _ in points}))
    file = PICTURES / f"benchmark-{kind}.svg"
    figure.savefig(file, metadata={"Date": None})
    return file


def _label(axes: Axes, ends: list[tuple[float, int, str, str]]) -> None:
    """Each line's name at its right end; names that would overlap are moved up."""
    right, free = max(size for _, size, _, _ in ends), 0.0
    for value, size, side, colour in sorted(ends):
        place = max(value, free)
        weight = "bold" if side == OURS else "normal"
        axes.annotate(
            side,
            (size, value),
            (right * 1.6, place),
            textcoords="data",
            color=colour,
            fontweight=weight,
            verticalalignment="center",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5},
            annotation_clip=False,
        )
        free = place * _LABELS_APART


def _tick(axes: Axes, sizes: list[int]) -> None:
    axes.set_xticks(sizes, [_size(each) for each in sizes])
    axes.set_xticks([], minor=True)
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _size(size_bytes: int) -> str:
    if size_bytes == FULL_HD_BYTES:
        return "1080p"
    for unit, factor in (("MB", 1 << 20), ("KB", 1 << 10)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.2g} {unit}"
    return f"{size_bytes} B"

"""From raw rounds to rows: a ratio for each round, their median and spread, and whether the target is met."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks.alternate import NOT_MEASURED
from tests.benchmarks.figures import Figure, Target, Versus

HEADINGS = ("what", "pipertd", "peer", "", "ratio (min–max)", "target", "met")
Rounds = Sequence[dict[str, dict[str, Any]]]


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, between the least and the greatest."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Row:
    """One line of the table; ``met`` is None where there is no target or no measurement."""

    figure: str
    what: str
    ours: str
    peer: str
    theirs: str
    compared: str
    target: str
    met: bool | None

    def cells(self) -> tuple[str, ...]:
        """As text, in the order of ``HEADINGS``."""
        met = {True: "yes", False: "no", None: ""}[self.met]
        return (self.what, self.ours, self.peer, self.theirs, self.compared, self.target, met)


def rows(figure: Figure, measured: Rounds) -> list[Row]:
    """The rows of one figure, a peer each, then what else our side said."""
    seen = set(measured[0]) if measured else set()
    compared = [_against(figure, versus, measured) for versus in figure.peers if versus.side.name in seen]
    said = [(own, _values(measured, figure.ours.name, own.value)) for own in figure.own]
    return compared + [_row(figure, own.what, values, own.unit, own.target) for own, values in said]


def _against(figure: Figure, versus: Versus, measured: Rounds) -> Row:
    name, target, value = versus.side.name, versus.target, figure.value
    wanted = _wanted(target, figure.unit)
    both = [(one[figure.ours.name], one[name]) for one in measured]
    pairs = [(ours[value], theirs[value]) for ours, theirs in both if value in ours and value in theirs]
    if not pairs:
        reason = next((side[NOT_MEASURED] for pair in both for side in pair if NOT_MEASURED in side), "")
        return Row(figure.name, figure.what, "", name, "", f"not measured: {reason}", wanted, None)
    difference = target is not None and target.of == "difference"
    spread = Spread.of([ours - theirs if difference else ours / theirs for ours, theirs in pairs])
    unit = f"{figure.unit} more" if difference else "×"
    return Row(
        figure.name,
        figure.what,
        _shown([ours for ours, _ in pairs], figure.unit),
        name,
        _shown([theirs for _, theirs in pairs], figure.unit),
        f"{_number(spread.median)} {unit} ({_number(spread.least)}–{_number(spread.most)})",
        wanted,
        target.met(spread.median) if target else None,
    )


def _row(figure: Figure, what: str, values: list[float], unit: str, target: Target | None) -> Row:
    if not values:
        return Row(figure.name, what, "", "", "", "not measured", _wanted(target, unit), None)
    spread = Spread.of(values)
    met = target.met(spread.median) if target else None
    between = f"({_number(spread.least)}–{_number(spread.most)})"
    return Row(figure.name, what, _shown(values, unit), "", "", between, _wanted(target, unit), met)


def _values(measured: Rounds, side: str, value: str) -> list[float]:
    return [one[side][value] for one in measured if value in one.get(side, {})]


def _shown(values: Sequence[float], unit: str) -> str:
    return f"{_number(statistics.median(values))} {unit}".strip()


def _wanted(target: Target | None, unit: str) -> str:
    if target is None:
        return ""
    unit = "×" if target.of == "ratio" else unit
    return f"{target.relation} {_number(target.bound)} {unit}".strip()


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def as_text(lines: Iterable[Row]) -> str:
    """The table for a terminal."""
    cells = [HEADINGS, *(row.cells() for row in lines)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def as_markdown(lines: Iterable[Row]) -> str:
    """The table for a page."""
    cells = [HEADINGS, ("---",) * len(HEADINGS), *(row.cells() for row in lines)]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)

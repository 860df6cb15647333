"""The numbers in docs/performance.md, between two markers, so that they and the measurement cannot drift apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipertd.page import DOCS, Part
from tests.benchmarks.results import Results
from tests.benchmarks.table import Row, as_markdown


def part(results: Results) -> Part:
    """What was measured, for its page."""
    return Part(
        what="the numbers",
        command="make bench ARGS=--write-docs",
        sources="what it measures",
        page=DOCS / "performance.md",
        text=lambda: f"\n{block(results)}\n\n",
    )


def block(results: Results) -> str:
    """Machine, versions and tables."""
    content, lines = results.content, results.rows()
    with_target = [row for row in lines if row.target]
    return "\n\n".join(
        [
            _surroundings(content),
            _summary(with_target),
            "### Targets",
            as_markdown(with_target),
            "### For comparison",
            as_markdown(row for row in lines if not row.target),
        ]
    )


def _surroundings(content: Mapping[str, Any]) -> str:
    machine = content["machine"]
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, {machine['system']}"
    what = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    how = " The quick way: few rounds, and short ones." if content["quick"] else ""
    return f"{content['date']} on {where}; load average before: {content['load_before']:.1f}.{how} {what}."


def _summary(lines: list[Row]) -> str:
    met, missed = (sum(row.met is wanted for row in lines) for wanted in (True, False))
    unknown = len(lines) - met - missed
    counts = [
        f"{met} of {len(lines)} targets are met",
        f"{missed} missed",
        *([f"{unknown} not measured"] if unknown else []),
    ]
    return f"{', '.join(counts)}. A target is met when the median is."

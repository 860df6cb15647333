"""The numbers in docs/performance.md, between two markers, so that they and the measurement cannot drift apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.results import Results
from tests.benchmarks.table import Row, as_markdown

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN = "<!-- measured: written by `make bench ARGS=--write-docs` -->"
END = "<!-- /measured -->"


def write(results: Results) -> None:
    """Put what was measured into the page."""
    PAGE.write_text(replaced(PAGE.read_text(), block(results)))


def replaced(page: str, text: str) -> str:
    """The page with ``text`` between its markers; ValueError where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"cannot write into the page: it has no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


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

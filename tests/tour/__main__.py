"""Record the tour, or check that what is recorded is still so."""

from __future__ import annotations

import argparse
import difflib
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.tour.likeness import alike
from tests.tour.page import Block, Piece, Step, Until, pieces, written
from tests.tour.session import Session

PAGE = Path(__file__).parents[2] / "docs/tour.md"


def recorded(page: list[Piece]) -> list[Piece]:
    """The page with what its commands print now."""
    with tempfile.TemporaryDirectory(prefix="tour-") as folder, Session(Path(folder)) as session:
        return [_played(piece, session) for piece in page]


def _played(piece: Piece, session: Session) -> Piece:
    if isinstance(piece, Until):
        session.until(piece.command)
    if not isinstance(piece, Block):
        return piece
    return Block(tuple(replace(step, printed=session.run(step.command)) for step in piece.steps))


def steps(page: list[Piece]) -> list[Step]:
    """All commands of a page."""
    return [step for piece in page if isinstance(piece, Block) for step in piece.steps]


def check(page: list[Piece], tries: int) -> int:
    """Compare with what the commands print now; what is stale is said. The exit code.

    What is fleeting, such as a link that is full at the wrong moment, is not so in every one of a few ``tries``.
    """
    stale = dict(enumerate(steps(page)))
    now: list[Step] = []
    for _ in range(tries):
        now = steps(recorded(page))
        stale = {place: step for place, step in stale.items() if alike(step.printed) != alike(now[place].printed)}
        if not stale:
            return 0
    for place, step in stale.items():
        print(f"docs/tour.md is stale: $ {step.command}", file=sys.stderr)
        told = difflib.unified_diff(alike(step.printed), alike(now[place].printed), "recorded", "now", lineterm="")
        print("\n".join(told), file=sys.stderr)
    print("docs/tour.md: `make tour` records it anew; then read it once more", file=sys.stderr)
    return 1


def main() -> int:
    """``python -m tests.tour [--check]``."""
    parser = argparse.ArgumentParser(prog="python -m tests.tour", description=__doc__)
    parser.add_argument("--tries", type=int, default=3, help="of --check: so often a command may say it")
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is stale")
    page = list(pieces(PAGE.read_text()))
    asked = parser.parse_args()
    if asked.check:
        return check(page, asked.tries)
    PAGE.write_text(written(recorded(page)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

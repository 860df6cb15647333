"""A part of a page in docs that a program writes, between two markers: renewed, or compared with what it would be.

What stands outside of the markers is written by hand. Used by who works on pipertd, and by nothing that runs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parents[1] / "docs"


class Part(NamedTuple):
    """What is written into a page.

    Attributes:
        what: in words, such as ``the diagram``.
        command: what somebody types to have it written.
        sources: what it is made from, in words.
        page: where it stands, unless another page is named.
        text: makes it, in whole lines; a ValueError says why it cannot be made.
    """

    what: str
    command: str
    sources: str
    page: Path
    text: Callable[[], str]

    def renewed(self, page: str) -> str:
        """The text of a page with this version's part between its markers.

        Raises:
            ValueError: it has no markers, or the part cannot be made.
        """
        begin = f"<!-- written by `{self.command}` from {self.sources} -->"
        end = f"<!-- end of what `{self.command}` writes -->"
        before, found, rest = page.partition(f"{begin}\n")
        _, closed, after = rest.partition(f"{end}\n")
        if not (found and closed):
            raise ValueError(f"it does not have the lines {begin} and {end}")
        return f"{before}{begin}\n{self.text()}{end}\n{after}"

    def main(self, arguments: Sequence[str]) -> int:
        """``[--check] [PAGE]``: write it, or say if it is current; the exit status."""
        only_checks = arguments[:1] == ["--check"]
        file = Path(next(iter(arguments[only_checks:]), self.page))
        page = file.read_text()
        try:
            fresh = self.renewed(page)
        except ValueError as reason:
            print(f"cannot write {self.what} into {file}: {reason}", file=sys.stderr)
            return 1
        if not only_checks:
            file.write_text(fresh)
        elif fresh != page:
            print(f"stale: {self.what} in {file}; run `{self.command}`", file=sys.stderr)
            return 1
        return 0

"""``python -m pipertd.supervisor.diagram [--check] [PAGE]``: write the lifecycle's diagram, or say if it is current."""

from __future__ import annotations

import sys
from pathlib import Path

from pipertd.supervisor.lifecycle import TABLE
from pipertd.supervisor.view import State

PAGE = Path(__file__).resolve().parents[2] / "docs" / "supervision.md"
_BEGIN = "<!-- written by `make diagram` from pipertd/supervisor/lifecycle.py -->\n"
_END = "<!-- end of what `make diagram` writes -->\n"


def diagram() -> str:
    """The lifecycle's table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.STOPPED}"]
    for state, row in TABLE.items():
        for happened, (then, actions) in row.items():
            done = f" / {', '.join(actions)}" if actions else ""
            lines.append(f"    {state} --> {then}: {happened}{done}")
    return "\n".join(lines) + "\n"


def renewed(page: str) -> str:
    """The page with this version's diagram between its markers.

    Raises:
        ValueError: it has no markers.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not end:
        raise ValueError(f"it does not have the lines {_BEGIN.strip()} and {_END.strip()}")
    return f"{before}{begin}```mermaid\n{diagram()}```\n{end}{after}"


def main(arguments: list[str]) -> int:
    """Write or check."""
    only_checks = arguments[:1] == ["--check"]
    file = Path(next(iter(arguments[only_checks:]), PAGE))
    page = file.read_text()
    try:
        fresh = renewed(page)
    except ValueError as reason:
        print(f"cannot write the diagram into {file}: {reason}", file=sys.stderr)
        return 1
    if not only_checks:
        file.write_text(fresh)
    elif fresh != page:
        print(f"stale: the diagram in {file}; run `make diagram`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""``python -m pipertd.supervisor.diagram [--check] [PAGE]``: write the lifecycle's diagram, or say if it is current."""

from __future__ import annotations

import sys

from pipertd.page import DOCS, Part
from pipertd.supervisor.lifecycle import TABLE
from pipertd.supervisor.view import State


def diagram() -> str:
    """The lifecycle's table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {State.STOPPED}"]
    for state, row in TABLE.items():
        for happened, (then, actions) in row.items():
            done = f" / {', '.join(actions)}" if actions else ""
            lines.append(f"    {state} --> {then}: {happened}{done}")
    return "\n".join(lines) + "\n"


DIAGRAM = Part(
    what="the diagram",
    command="make diagram",
    sources="pipertd/supervisor/lifecycle.py",
    page=DOCS / "supervision.md",
    text=lambda: f"```mermaid\n{diagram()}```\n",
)

if __name__ == "__main__":
    sys.exit(DIAGRAM.main(sys.argv[1:]))

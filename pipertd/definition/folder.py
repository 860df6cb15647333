"""What a folder of definitions holds, while others write into it."""

from __future__ import annotations

import os
from pathlib import Path

from pipertd.definition.parse import Unreadable
from pipertd.definition.problem import Problem, shown
from pipertd.errors import cause_of


def entries(folder: Path, ending: str) -> list[Path]:
    """What it holds under names that end so, in their order; nothing where there is no folder, or none any more.

    Raises:
        Unreadable: there is one, and it cannot be read, which must not be taken for an empty one.
    """
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as reason:
        why = cause_of(reason)
        text = f"cannot read the folder of definitions, because {why}"
        raise Unreadable(Problem(shown(folder), 1, 1, "", text)) from None
    return [folder / name for name in sorted(names) if name.endswith(ending)]

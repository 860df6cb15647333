"""What is wrong with a definition, and where."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake; ``line`` and ``column`` count from 1, ``path`` is the way to it inside the definition."""

    file: Path
    line: int
    column: int
    path: str
    text: str

    def __str__(self) -> str:
        way = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {way}{self.text}"


def shown(file: Path) -> Path:
    """The file as it can stand in a problem: a name on disk may hold bytes that are no text."""
    return Path(os.fsencode(file).decode("utf-8", "backslashreplace"))


def shortly(value: object) -> str:
    """A value as it can stand in the line of a problem."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def first_line(reason: object) -> str:
    """What an exception or a child says, as far as it can stand in the line of a problem."""
    lines = str(reason).strip().splitlines() or [type(reason).__name__]
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in lines[0].rstrip())

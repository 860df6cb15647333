"""One definition as plain values, and the place in a file that each of them has."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pipertd.definition.problem import Problem

Way = tuple[str | int, ...]


class Place(NamedTuple):
    """Where something stands; ``line`` and ``column`` count from 1."""

    file: Path
    line: int
    column: int


@dataclass
class Document:
    """Values and places. ``keys`` has where a key stands, ``values`` where its value begins."""

    file: Path
    content: Any = None
    keys: dict[Way, Place] = field(default_factory=dict)
    values: dict[Way, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, way: Way, text: str, *, at_key: bool = False) -> Problem:
        """A problem at ``way``, or at the nearest place around it that the file has."""
        shown = way
        places = self.keys if at_key else self.values
        while way and way not in places:
            way, places = way[:-1], self.values
        place = places.get(way, Place(self.file, 1, 1))
        return Problem(*place, written(shown), text)

    def merge(self, over: Document) -> None:
        """Let a drop-in's keys count before one's own: sections are merged, everything else is replaced."""
        self.problems += over.problems
        if isinstance(over.content, dict) and isinstance(self.content, dict):
            self._merge_section(over, self.content, over.content, ())
        elif over.content is not None:
            why = "one of the two is no mapping of keys to values"
            self.problems.append(over.problem((), f"cannot merge it over {self.file}, because {why}"))

    def _merge_section(self, over: Document, below: dict[Any, Any], above: dict[Any, Any], way: Way) -> None:
        for key, value in above.items():
            here = (*way, key)
            if isinstance(value, dict) and isinstance(below.get(key), dict):
                self._merge_section(over, below[key], value, here)
            else:
                below[key] = value
                _replace_below(self.keys, over.keys, here)
                _replace_below(self.values, over.values, here)


def _replace_below(places: dict[Way, Place], new: dict[Way, Place], way: Way) -> None:
    for each in [each for each in places if each[: len(way)] == way]:
        del places[each]
    places.update((each, place) for each, place in new.items() if each[: len(way)] == way)


def written(way: Way) -> str:
    """``flows.capture.routines.camera`` or ``links[0].to[1]``."""
    text = ""
    for step in way:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text

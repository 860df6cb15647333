"""One YAML file as plain values, and the line and column of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pipertd.definition.problem import Problem

MOST_BYTES = 1024 * 1024
MOST_VALUES = 20_000  # an alias that names an alias that names … would fill the memory

Way = tuple[str | int, ...]


class Unreadable(Exception):
    """Raised when a file holds no document at all; carries the one problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class Document:
    """Values and positions. ``keys`` has where a key stands, ``values`` where its value begins."""

    def __init__(self, file: Path, root: Any) -> None:
        self.file = file
        self.keys: dict[Way, tuple[int, int]] = {}
        self.values: dict[Way, tuple[int, int]] = {(): (1, 1)}
        self._count = 0
        self.content: Any = self._plain(root, ())

    def problem(self, way: Way, text: str, *, at_key: bool = False) -> Problem:
        """A problem at ``way``, or at the nearest place around it that the file has."""
        shown = way
        positions = self.keys if at_key else self.values
        while way and way not in positions:
            way, positions = way[:-1], self.values
        line, column = positions.get(way, (1, 1))
        return Problem(self.file, line, column, _written(shown), text)

    def _plain(self, node: Any, way: Way) -> Any:
        self._count += 1
        if self._count > MOST_VALUES:
            raise Unreadable(
                self.problem(way, f"cannot read on, because it holds more than {MOST_VALUES} values with its aliases")
            )
        if isinstance(node, CommentedMap):
            for key in node:
                if key in node.lc.data:
                    self.keys[(*way, key)] = _from_one(node.lc.key(key))
                    self.values[(*way, key)] = _from_one(node.lc.value(key))
            return {key: self._plain(value, (*way, key)) for key, value in node.items()}
        if isinstance(node, CommentedSeq):
            for index in range(len(node)):
                self.values[(*way, index)] = _from_one(node.lc.item(index))
            return [self._plain(value, (*way, index)) for index, value in enumerate(node)]
        return _scalar(node)


def _scalar(node: Any) -> Any:
    """Scalars of ruamel remember how they were written; plain ones do not."""
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _from_one(position: tuple[int, int]) -> tuple[int, int]:
    return position[0] + 1, position[1] + 1


def _written(way: Way) -> str:
    text = ""
    for step in way:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def read_document(file: Path) -> Document | None:
    """Read one file; None where it is empty, which masks.

    Raises:
        Unreadable: it cannot be read, or is no YAML.
    """

    def unreadable(why: str, line: int = 1, column: int = 1) -> Unreadable:
        return Unreadable(Problem(file, line, column, "", f"cannot read the definition, because {why}"))

    try:
        with file.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
        text = raw.decode("utf-8")
    except OSError as reason:
        raise unreadable((reason.strerror or str(reason)).lower()) from None
    except UnicodeDecodeError as reason:
        line = raw[: reason.start].count(b"\n") + 1
        column = reason.start - raw.rfind(b"\n", 0, reason.start)
        raise unreadable(f"byte {raw[reason.start]:#04x} is not UTF-8", line, column) from None
    if len(raw) > MOST_BYTES:
        raise unreadable(f"it is larger than {MOST_BYTES} bytes")
    if not text.strip():
        return None
    try:
        return Document(file, YAML(typ="rt", pure=True).load(text))
    except MarkedYAMLError as reason:
        mark = reason.problem_mark or reason.context_mark
        why = str(reason.problem or reason.context).split("\n")[0].rstrip()
        raise unreadable(why, *(_from_one((mark.line, mark.column)) if mark else (1, 1))) from None
    except (YAMLError, ValueError) as reason:
        raise unreadable(str(reason).split("\n")[0]) from None
    except RecursionError:
        raise unreadable("it is nested too deeply") from None

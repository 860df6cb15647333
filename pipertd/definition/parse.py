"""From the text of one YAML file to a document.

Values are made from YAML's own nodes, because these know their line and column. What YAML could do beyond text,
numbers, true, false, null, lists and mappings (dates, binary, tags of other languages) is not asked of it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from pipertd.definition.document import Document, Place, Way, written
from pipertd.definition.problem import Problem, first_line, shortly, shown
from pipertd.errors import cause_of

MOST_BYTES = 256 * 1024
MOST_VALUES = 20_000  # an alias that names an alias that names … would fill the memory

_TAG = "tag:yaml.org,2002:"
_MERGE = _TAG + "merge"
_TEXT = {_TAG + "str", _TAG + "timestamp"}  # a date is text: YAML 1.2 has none either
_CONSTRUCTED = {_TAG + "int", _TAG + "float", _TAG + "bool", _TAG + "null"}
_INTEGERS = range(-(2**63), 2**64)  # what MessagePack carries


class Unreadable(Exception):
    """Raised when a file holds no document at all; carries the one problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read_document(file: Path) -> Document | None:
    """Read one file; None where it holds nothing, which masks.

    Raises:
        Unreadable: it cannot be read, or is no YAML.
    """
    if shown(file) != file:
        raise _unreadable(file, "its name is not UTF-8; give it another")
    return document_of(file, _text_of(file))


def document_of(file: Path, text: str) -> Document | None:
    """What the text of ``file`` says; None where it says nothing.

    Raises:
        Unreadable: it is no YAML.
    """
    try:
        yaml = YAML(typ="safe", pure=True)
        yaml.composer.warn_double_anchors = False  # YAML lets the later one count; a warning would name no file
        root = yaml.compose(text)
        return _Values(file, yaml).document(root) if root is not None else None
    except MarkedYAMLError as reason:
        mark = reason.problem_mark or reason.context_mark
        why = first_line(reason.problem or reason.context)
        raise _unreadable(file, why, *((mark.line + 1, mark.column + 1) if mark else (1, 1))) from None
    except ReaderError as reason:
        why = f"character U+{reason.character:04X} cannot stand in YAML"
        raise _unreadable(file, why, *_line_and_column(text, reason.position)) from None
    except YAMLError as reason:
        raise _unreadable(file, first_line(reason)) from None
    except RecursionError:
        raise _unreadable(file, "it is nested too deeply") from None


def _text_of(file: Path) -> str:
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a FIFO would make us wait for its writer
        try:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise _unreadable(file, "it is no regular file")
            raw = os.read(fd, MOST_BYTES + 1)
        finally:
            os.close(fd)
    except PermissionError as reason:
        way_out = "`pipertctl doctor` finds what is closed to the daemon"
        raise _unreadable(file, f"{cause_of(reason)} ({way_out})") from None
    except OSError as reason:
        raise _unreadable(file, cause_of(reason)) from None
    if len(raw) > MOST_BYTES:
        raise _unreadable(file, f"it is larger than {MOST_BYTES} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        place = _line_and_column(raw[: reason.start].decode("utf-8", "replace"), reason.start)
        raise _unreadable(file, f"byte {raw[reason.start]:#04x} is not UTF-8", *place) from None


def _unreadable(file: Path, why: str, line: int = 1, column: int = 1) -> Unreadable:
    return Unreadable(Problem(shown(file), line, column, "", f"cannot read the definition, because {why}"))


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    before = text[:index]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


class _Values:
    """Makes a document from nodes; one that cannot be a value becomes None and a problem."""

    def __init__(self, file: Path, yaml: YAML) -> None:
        self._document = Document(file)
        self._constructor = yaml.constructor
        self._count = 0
        self._open: set[int] = set()

    def document(self, root: Node) -> Document:
        self._document.content = self._value(root, ())
        return self._document

    def _value(self, node: Node, way: Way) -> Any:
        self._count_more(1, node, way)
        if id(node) in self._open:
            raise self._too_much(node, way, f"the alias of {node.anchor!r} stands inside of what it names")
        self._document.values[way] = self._place(node)
        if isinstance(node, ScalarNode):
            return self._scalar(node, way)
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode) and node.tag == _TAG + "map":
                return self._mapping(node, way)
            if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
                return [self._value(each, (*way, index)) for index, each in enumerate(node.value)]
        finally:
            self._open.discard(id(node))
        return self._refuse(node, way, _unknown_tag(node))

    def _mapping(self, node: MappingNode, way: Way) -> dict[Any, Any]:
        content: dict[Any, Any] = {}
        for key_node, value_node in self._pairs(node, way):
            if not isinstance(key_node, ScalarNode) or key_node.tag == _TAG + "null":
                self._refuse(key_node, way, "a key is text, a number, true or false")
                continue
            key = self._scalar(key_node, way)
            here = (*way, key)
            if key is None:
                continue
            if key in content:
                first = self._document.keys[here]
                self._refuse(key_node, here, f"line {first.line} has this key already")
                continue
            self._document.keys[here] = self._place(key_node)
            content[key] = self._value(value_node, here)
        return content

    def _pairs(self, node: MappingNode, way: Way) -> list[tuple[Node, Node]]:
        """What a mapping holds; keys that ``<<`` brings count where it has none of its own."""
        self._count_more(len(node.value), node, way)
        own = [pair for pair in node.value if pair[0].tag != _MERGE]
        known = {key.value for key, _ in own if isinstance(key, ScalarNode)}
        merged: list[tuple[Node, Node]] = []
        for key, value in node.value:
            if key.tag != _MERGE:
                continue
            for each in value.value if isinstance(value, SequenceNode) else [value]:
                if not isinstance(each, MappingNode) or each is node:
                    self._refuse(each, (*way, "<<"), "<< takes a mapping, or a list of mappings")
                    continue
                new = [pair for pair in self._pairs(each, way) if not _is_key(pair[0], known)]
                known.update(pair[0].value for pair in new if isinstance(pair[0], ScalarNode))
                merged += new
        return [*own, *merged]

    def _scalar(self, node: ScalarNode, way: Way) -> Any:
        if node.tag in _TEXT:
            return self._sound_text(node, way)
        if node.tag not in _CONSTRUCTED:
            return self._refuse(node, way, _unknown_tag(node))
        try:
            value = self._constructor.construct_object(node)
        except (ValueError, OverflowError) as reason:
            return self._refuse(node, way, first_line(reason))
        if isinstance(value, int) and value not in _INTEGERS:
            return self._refuse(node, way, "a whole number has at most 64 bits")
        return value

    def _sound_text(self, node: ScalarNode, way: Way) -> str | None:
        """Escapes can name what is no text: NUL, and the halves of characters that are called surrogates."""
        for character in node.value:
            if character == "\0" or "\ud800" <= character <= "\udfff":
                self._refuse(node, way, f"character U+{ord(character):04X} cannot stand in text")
                return None
        return str(node.value)

    def _count_more(self, number: int, node: Node, way: Way) -> None:
        self._count += number
        if self._count > MOST_VALUES:
            raise self._too_much(node, way, f"it holds more than {MOST_VALUES} values with its aliases")

    def _refuse(self, node: Node, way: Way, why: str) -> None:
        what = shortly(node.value) if isinstance(node, ScalarNode) else "this"
        self._document.problems.append(Problem(*self._place(node), written(way), f"cannot use {what}, because {why}"))

    def _too_much(self, node: Node, way: Way, why: str) -> Unreadable:
        return Unreadable(Problem(*self._place(node), written(way), f"cannot read on, because {why}"))

    def _place(self, node: Node) -> Place:
        return Place(self._document.file, node.start_mark.line + 1, node.start_mark.column + 1)


def _is_key(key: Node, known: set[str]) -> bool:
    return isinstance(key, ScalarNode) and key.value in known


def _unknown_tag(node: Node) -> str:
    tag = str(node.tag).replace(_TAG, "!!")
    return f"a definition knows no tag {tag}: only text, numbers, true, false, null, lists and mappings"

"""Text for man(1): a page is lines of man(7) macros, in which nothing that is written can be taken for one.

Source: man(7), and groff_char(7) for the escapes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

_ESCAPES = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", "…": "...", "–": "\\(en"}
_CODE = re.compile(r"``?([^`]+)``?")


def text(words: str) -> str:
    """One line of running text; what stands in backquotes is bold."""
    parts = _CODE.split(" ".join(words.split()))
    marked = (f"\\fB{_escaped(part)}\\fP" if place % 2 else _escaped(part) for place, part in enumerate(parts))
    return _shielded("".join(marked))


def bold(words: str) -> str:
    """Words to be typed as they are."""
    return f"\\fB{_escaped(words)}\\fP"


def heading(words: str) -> str:
    """A section of the page."""
    return f'.SH "{_escaped(words)}"'


def subheading(words: str) -> str:
    """A part of a section."""
    return f'.SS "{_escaped(words)}"'


def paragraphs(words: str) -> Iterator[str]:
    """Running text, whose paragraphs an empty line divides."""
    for place, paragraph in enumerate(words.split("\n\n")):
        if place:
            yield ".PP"
        yield text(paragraph)


def item(tag: str, words: str) -> Iterator[str]:
    """An entry of a list; the tag is written already."""
    yield ".TP"
    yield _shielded(tag)
    yield text(words) if words else "\\&"


def literal(words: str) -> Iterator[str]:
    """Lines as they are, in letters of one width."""
    yield from (".nf", "\\f(CW")
    yield from (_shielded(_escaped(line)) or "\\&" for line in words.splitlines())
    yield from ("\\fP", ".fi")


def title(name: str, section: int, version: str, day: dt.date) -> str:
    """The first line of a page."""
    return f'.TH "{_escaped(name.upper())}" "{section}" "{day}" "pipertd {version}" "pipertd"'


def _escaped(words: str) -> str:
    return "".join(_ESCAPES.get(sign, sign) for sign in words)


def _shielded(line: str) -> str:
    """A line that begins like a request is none."""
    return f"\\&{line}" if line.startswith((".", "'")) else line

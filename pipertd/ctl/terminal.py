"""What reads our output: how wide it is, and whether it shows colours.

A pipe is given everything, plain. A terminal is given what fits.

Source: https://no-color.org and https://force-color.org.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple, TextIO

_UNSAID = 80  # columns of a terminal that does not say how many it has


class Colour(IntEnum):
    """Colours by the number that a terminal knows them by."""

    BOLD = 1
    DIM = 2
    RED = 31
    GREEN = 32
    YELLOW = 33
    CYAN = 36


class Style(NamedTuple):
    """How to print: ``width`` in columns, None where nothing has to fit."""

    width: int | None = None
    colour: bool = False

    def painted(self, text: str, colour: Colour | None) -> str:
        """Text in a colour, where there are any."""
        return f"\x1b[{colour:d}m{text}\x1b[0m" if self.colour and colour and text else text

    def wrapped(self, text: str) -> list[str]:
        """Text in as many lines as it takes, those behind the first indented."""
        if self.width is None:
            return [text]
        from textwrap import wrap

        return wrap(text, self.width, subsequent_indent="  ", break_on_hyphens=False)

    def fitted(self, text: str) -> str:
        """Text that is not wider than there is room."""
        return shortened(text, self.width) if self.width else text


WHOLE = Style()


def style_of(stream: TextIO | None = None, *, wide: bool = False, environment: Mapping[str, str] = os.environ) -> Style:
    """How to print to a stream, standard output if none is named; ``wide`` has everything shown on a terminal too."""
    stream = stream or sys.stdout
    colour = _has_colours(stream, environment)
    if wide or not stream.isatty():
        return Style(None, colour)
    return Style(os.get_terminal_size(stream.fileno()).columns or _UNSAID, colour)


def _has_colours(stream: TextIO, environment: Mapping[str, str]) -> bool:
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "0") not in ("", "0"):
        return True
    return is_steered(stream, environment)


def is_steered(stream: TextIO | None = None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream, standard output if none is named, is a terminal that obeys control sequences."""
    return (stream or sys.stdout).isatty() and environment.get("TERM", "dumb") not in ("", "dumb")


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def shortened(text: str, columns: int, *, middle: bool = False) -> str:
    """Text cut to so many columns, with an ellipsis at its end or in its middle where something is missing."""
    if width(text) <= columns:
        return text
    tail = (columns - 1) // 2 if middle else 0
    end = text[len(text) - tail :]
    while width(end) > tail:
        end = end[1:]
    start = text[: max(0, columns - 1 - tail)]
    while width(start) + 1 + width(end) > columns and start:
        start = start[:-1]
    return f"{start}…{end}"

"""Text of others as it may go to a terminal: what would steer it is shown instead of obeyed.

What flows log, people write into definitions and clients send may hold escape sequences, which move the cursor and
retitle windows, marks that turn the direction of writing, and line breaks behind which something stands that looks like
a line of ours.

Source: Trojan Source, https://trojansource.codes, for the marks of direction.
"""

from __future__ import annotations

import io
import re
from typing import TextIO

_CONTROLS = (*range(0x20), *range(0x7F, 0xA0))
_LINES = (0x2028, 0x2029)
_DIRECTIONS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_STEERING = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*_CONTROLS, *_LINES, *_DIRECTIONS)
    if chr(code) not in "\n\t"
}


def harmless(text: str) -> str:
    """Text whose control characters are shown instead of obeyed; lines and tabs stay."""
    return text.translate(_STEERING)


def take_any_text(stream: TextIO) -> None:
    """Have an escape stand for a character that ``stream`` has not in its encoding, as on stderr: none is an error."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def set_off(text: str) -> str:
    """Harmless text of which the first line alone begins at the edge, so that no other is taken for one of ours."""
    return re.sub(r"\n(?!\n)", "\n  ", harmless(text))


def in_a_line(text: str) -> str:
    """Harmless text in one line: its line breaks and tabs are shown too."""
    return harmless(text).replace("\n", "\\n").replace("\t", "\\t")

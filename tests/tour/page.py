"""The page as a script: prose, commands with what they print, and conditions to wait for.

In a ``console`` block a line that begins with ``$`` is a command, lines that begin with ``>`` go on with it, and the
rest is what it printed. A comment ``<!-- until: COMMAND -->`` stands for waiting until COMMAND succeeds; a reader does
not see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK = re.compile(r"^```console\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_UNTIL = re.compile(r"<!-- until: (.*?) -->")


@dataclass(frozen=True)
class Prose:
    """Text that stays as it is."""

    text: str


@dataclass(frozen=True)
class Until:
    """A condition that is waited for; ``text`` is the comment."""

    command: str
    text: str


@dataclass(frozen=True)
class Step:
    """One command, and what it printed."""

    command: str
    printed: str

    def written(self) -> str:
        """As it stands in the block."""
        first, *more = self.command.split("\n")
        return "".join(f"{line}\n" for line in [f"$ {first}", *(f"> {each}".rstrip() for each in more)]) + self.printed


@dataclass(frozen=True)
class Block:
    """Commands, one behind the other."""

    steps: tuple[Step, ...]


Piece = Prose | Until | Block


def pieces(text: str) -> Iterator[Piece]:
    """The page, in its order."""
    end = 0
    for block in _BLOCK.finditer(text):
        yield from _prose(text[end : block.start()])
        yield Block(tuple(_steps(block[1])))
        end = block.end()
    yield from _prose(text[end:])


def written(page: list[Piece]) -> str:
    """The text of a page."""
    return "".join(
        f"```console\n{''.join(step.written() for step in each.steps)}```\n" if isinstance(each, Block) else each.text
        for each in page
    )


def _prose(text: str) -> Iterator[Piece]:
    end = 0
    for comment in _UNTIL.finditer(text):
        yield Prose(text[end : comment.start()])
        yield Until(comment[1], comment[0])
        end = comment.end()
    yield Prose(text[end:])


def _steps(block: str) -> Iterator[Step]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        first, *rest = part.splitlines()
        more = [line for line in rest if line.startswith(">")]
        printed = [f"{line}\n" for line in rest[len(more) :]]
        yield Step("\n".join([first, *(line[2:] for line in more)]), "".join(printed))

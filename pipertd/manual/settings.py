"""The page of the daemon's settings out of the file that ships: all of them, commented out."""

from __future__ import annotations

from collections.abc import Iterator

from pipertd.manual import roff


def introduction(file: str) -> str:
    """What the file says of itself, as paragraphs."""
    return _words(_parts(file)[0])


def entries(file: str) -> Iterator[str]:
    """Each setting: what it is for, and what it is where it is left out; then the tables, as one writes them."""
    for part in _parts(file)[1:]:
        code = [line.removeprefix("#") for line in part if not _is_prose(line)]
        if code[0].startswith("["):
            yield from roff.item(roff.bold(code[0]), _words(part))
            yield from (".RS", *roff.literal("\n".join(code)), ".RE")
        else:
            name, _, default = code[0].partition(" = ")
            yield from roff.item(roff.bold(name), f"{_words(part)} If left out: {default}")


def _parts(file: str) -> list[list[str]]:
    return [part.splitlines() for part in file.strip().split("\n\n")]


def _words(part: list[str]) -> str:
    return "\n".join(line.removeprefix("#").strip() for line in part if _is_prose(line))


def _is_prose(line: str) -> bool:
    return line == "#" or line.startswith("# ")

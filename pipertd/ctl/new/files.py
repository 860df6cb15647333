"""Files out of templates: all of them, or none."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template


class InTheWay(Exception):
    """Raised when a file is there already; nothing is written then."""


def write(folder: Path, templates: Mapping[str, str], words: Mapping[str, str]) -> list[Path]:
    """Write files into ``folder``, which is made: name → template, with ``words`` in their places.

    Raises:
        InTheWay: one of them is there.
        OSError: the folder cannot be written to.
    """
    wanted = {folder / name: template for name, template in templates.items()}
    there = [file for file in wanted if file.exists() or file.is_symlink()]
    if there:
        raise InTheWay(f"{there[0]} is there already")
    folder.mkdir(parents=True, exist_ok=True)
    for file, template in wanted.items():
        text = (files("pipertd.ctl.new") / "templates" / template).read_text()
        with file.open("x") as out:
            out.write(Template(text).substitute(words))
    return list(wanted)

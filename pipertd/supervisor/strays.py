"""What a flow leaves running when it is dead: processes that made a session or a group of their own.

The kill of its process group does not reach them. They are found by a mark that every process of a flow has in its
environment from its start, and that what it starts inherits. Where a cgroup held the flow nothing can be left, and
nobody looks.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from pipertd.supervisor.procfs import process_group

_VARIABLE = "PIPERTD_START"
_LONGEST_COMMAND = 80


class Stray(NamedTuple):
    """A process that was left, with the command that it runs."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.pid} ({self.command})"


class Mark(NamedTuple):
    """What the descendants of one process are known by; those of its own group are killed with it."""

    text: str
    group: int


def new_mark() -> str:
    """A text for a process to be known by."""
    return secrets.token_hex(8)


def marked(environment: Mapping[str, str], mark: str) -> dict[str, str]:
    """The environment of a process with its mark."""
    return {**environment, _VARIABLE: mark}


def find_strays(marks: set[Mark]) -> dict[Mark, list[Stray]]:
    """The living processes that have one of these marks, by mark; looks at every process of the machine."""
    by_text = {mark.text: mark for mark in marks if mark.text}
    found: dict[Mark, list[Stray]] = {mark: [] for mark in marks}
    for name in os.listdir("/proc"):
        mark = by_text.get(_mark_in(int(name))) if name.isdigit() else None
        if mark is not None and process_group(int(name)) not in (mark.group, None):
            found[mark].append(Stray(int(name), _command(int(name))))
    return found


class Strays:
    """Looks for what dead flows left, on a thread; those that die meanwhile are looked for together, next time."""

    def __init__(self) -> None:
        self._wanted: dict[Mark, Callable[[list[Stray]], None]] = {}
        self._looking: asyncio.Task[None] | None = None

    def look_for(self, mark: Mark, tell: Callable[[list[Stray]], None]) -> None:
        """Have ``tell`` called with what the process with this mark left, if it left something."""
        self._wanted[mark] = tell
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    async def close(self) -> None:
        """Return when all that was asked for is told."""
        if self._looking is not None:
            await self._looking

    async def _look(self) -> None:
        while self._wanted:
            wanted, self._wanted = self._wanted, {}
            for mark, strays in (await asyncio.to_thread(find_strays, set(wanted))).items():
                if strays:
                    wanted[mark](strays)


def _mark_in(pid: int) -> str:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # it is gone, or another user's
        return ""
    prefix = f"{_VARIABLE}=".encode()
    found = next((each for each in environment.split(b"\0") if each.startswith(prefix)), prefix)
    return found[len(prefix) :].decode(errors="replace")


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return words.replace(b"\0", b" ").decode(errors="replace").strip()[:_LONGEST_COMMAND]

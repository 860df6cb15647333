"""What the kernel tells of processes that may not be our children: when they began, and what they hold open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pipertd.supervisor.view import Usage

_STATE, _GROUP, _USER, _SYSTEM, _STARTED, _PAGES = 0, 2, 11, 12, 19, 21  # in /proc/PID/stat behind the command's name
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Identity(NamedTuple):
    """Which file a descriptor stands for, whatever its number in whatever process."""

    device: int
    inode: int


def boot_id() -> str:
    """A name that no other boot of this machine has."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_ticks(pid: int) -> int | None:
    """When the process began, in clock ticks since the boot: with its process id it names it. None where it is gone."""
    found = _stat(pid)
    return int(found[_STARTED]) if found else None


def state(pid: int) -> str:
    """The letter that stands for what the process does: R, S, T, Z and so on; empty where that is not known."""
    try:
        found = _stat(pid)
    except OSError:  # no descriptor left
        return ""
    return found[_STATE] if found else ""


def process_group(pid: int) -> int | None:
    """The group that signals reach it by; None where it is gone."""
    found = _stat(pid)
    return int(found[_GROUP]) if found else None


def usage(pid: int) -> Usage | None:
    """What it uses by itself, without what it started; None where it is gone, or no descriptor is left to look."""
    try:
        found = _stat(pid)
    except OSError:
        return None
    if not found:
        return None
    return Usage((int(found[_USER]) + int(found[_SYSTEM])) * _TICK_S, int(found[_PAGES]) * _PAGE_BYTES)


def _stat(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123 - read for every flow at every look
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(b")")[2].decode().split()


def identity(fd: int) -> Identity:
    """Which file this descriptor of ours stands for."""
    found = os.fstat(fd)
    return Identity(found.st_dev, found.st_ino)


def open_files(pid: int) -> Mapping[Identity, str]:
    """Everything that a process holds open, with a path by which it can be opened once more.

    Empty where it is gone, or where we may not look at it.
    """
    found: dict[Identity, str] = {}
    folder = f"/proc/{pid}/fd"
    with suppress(OSError):
        for number in os.listdir(folder):
            path = f"{folder}/{number}"
            with suppress(OSError):  # it was closed meanwhile
                file = Path(path).stat()
                found[Identity(file.st_dev, file.st_ino)] = path
    return found

"""Shared memory: whether /dev/shm holds what the definitions ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipertd.ctl.doctor.finding import Finding, Severity, as_root, quoted
from pipertd.ctl.doctor.machine import may_mount
from pipertd.ctl.output import size
from pipertd.definition.model import MIB, Pipeline

SHM = Path("/dev/shm")
SUBJECT = "shared memory"
_LEAST_FREE = 0.1  # of its size
_MOST_NAMES = 5  # in one command


@dataclass(frozen=True)
class Room:
    """/dev/shm, and what is asked of it, in bytes.

    Attributes:
        needed_bytes: what all pipelines that start by themselves may take.
        forgotten: files in it that no process has open, largest first; none where that cannot be seen.
    """

    size_bytes: int
    free_bytes: int
    needed_bytes: int
    forgotten: tuple[Path, ...] = ()


def look(pipelines: Sequence[Pipeline]) -> Room | None:
    """What there is; None where there is no /dev/shm at all."""
    try:
        found = os.statvfs(SHM)
    except OSError:
        return None
    needed = sum(each.shm_limit for each in pipelines if each.autostart) or Pipeline.shm_limit
    return Room(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize, needed, _forgotten())


def findings(room: Room | None) -> Iterator[Finding]:
    """Too small, or too full."""
    if room is None:
        why = "messages between flows lie in shared memory: no pipeline can start"
        command = as_root("mkdir -p /dev/shm", "mount -t tmpfs -o mode=1777 tmpfs /dev/shm")
        yield Finding(Severity.FAULT, SUBJECT, "there is no /dev/shm", why, command)
    elif room.size_bytes < room.needed_bytes:
        what = f"/dev/shm has {size(room.size_bytes)}, and the pipelines may ask for {size(room.needed_bytes)}"
        why = "a pipeline that does not fit beside the others is refused when it starts"
        why += "; the drop-in shared-memory.conf makes it larger at every start of the service"
        yield Finding(Severity.FAULT, SUBJECT, what, why, _larger(room.needed_bytes))
    elif room.free_bytes < _LEAST_FREE * room.size_bytes:
        free = size(room.free_bytes) if room.free_bytes else "nothing"
        what = f"/dev/shm is full: {free} of {size(room.size_bytes)} is free"
        why = "no pipeline can start, and those that run wait for memory"
        if room.forgotten:
            what += f", and no process has {quoted([file.name for file in room.forgotten])} open"
            yield Finding(Severity.FAULT, SUBJECT, what, why, as_root(f"rm -- {quoted(room.forgotten)}"))
        else:
            yield Finding(Severity.FAULT, SUBJECT, what, why, _larger(2 * room.size_bytes))


def _larger(needed_bytes: int) -> str:
    if not may_mount():
        return f"# start this container with more of it, such as `docker run --shm-size={_round(needed_bytes)}m …`"
    return as_root(f"mount -o remount,size={_round(needed_bytes)}M /dev/shm")


def _round(needed_bytes: int) -> int:
    """MiB, the next power of two."""
    return 1 << (max(1, -(-needed_bytes // MIB)) - 1).bit_length()


def _forgotten() -> tuple[Path, ...]:
    """Files that a dead program left. Only root sees what every process has open."""
    if os.geteuid() != 0:
        return ()
    found = sorted(
        ((each.stat().st_blocks, each) for each in SHM.iterdir() if each.is_file() and not each.is_symlink()),
        reverse=True,
    )
    used = set(_in_use()) if found else set()
    return tuple(each for blocks, each in found if blocks and str(each) not in used)[:_MOST_NAMES]


def _in_use() -> Iterator[str]:
    """The files below /dev/shm that some process has open or mapped."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            yield from (os.readlink(each) for each in (process / "fd").iterdir())
            maps = (process / "maps").read_text()
        except OSError:  # it ended meanwhile
            continue
        yield from (line[line.index("/") :] for line in maps.splitlines() if str(SHM) in line)

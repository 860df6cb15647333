"""The disk under the state folder: logs, notices and quarantine have to be written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipertd.ctl.doctor.finding import Finding, Severity, as_root, quoted
from pipertd.ctl.output import size
from pipertd.definition.model import MIB

SUBJECT = "disk"
STATE = Path("/var/lib/pipertd")
_LEAST_BYTES = 64 * MIB
_LEAST_FILES = 1000
_MOST_OF = 0.5  # of what can be freed, for one place to be to blame


@dataclass(frozen=True)
class Disk:
    """A folder and the file system under it.

    Attributes:
        free_files: names that can still be made; None where the file system does not count them.
        read_only: whether nothing at all can be written.
        quarantine_bytes, logs_bytes: what pipertd's own take of it.
    """

    folder: Path
    free_bytes: int
    free_files: int | None = None
    read_only: bool = False
    quarantine_bytes: int = 0
    logs_bytes: int = 0


def look(folder: Path) -> Disk | None:
    """What there is; None where there is no such folder, or it may not be seen."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return Disk(
        folder,
        found.f_bavail * found.f_frsize,
        found.f_favail if found.f_files else None,
        bool(found.f_flag & os.ST_RDONLY),
        _held(folder / "quarantine"),
        _held(folder / "logs"),
    )


def findings(disk: Disk | None) -> Iterator[Finding]:
    """Full, or not to be written to."""
    if disk is None:
        return
    why = "flows go on, but logs, notices and quarantined messages are lost"
    if disk.read_only:
        mount = quoted([_mount(disk.folder)])
        what = f"the file system of {disk.folder} is read-only"
        yield Finding(Severity.FAULT, SUBJECT, what, why, as_root(f"mount -o remount,rw {mount}"))
    elif disk.free_bytes < _LEAST_BYTES or (disk.free_files is not None and disk.free_files < _LEAST_FILES):
        free = size(disk.free_bytes) if disk.free_bytes else "nothing"
        what = f"the disk of {disk.folder} is full: {free} is free"
        if disk.free_bytes >= _LEAST_BYTES:
            what = f"the disk of {disk.folder} has room for {disk.free_files} more files only"
        yield Finding(Severity.FAULT, SUBJECT, what, why, _room(disk))


def _room(disk: Disk) -> str:
    """What frees enough, where pipertd itself holds it; else what shows who does."""
    if disk.quarantine_bytes >= max(_LEAST_BYTES, disk.logs_bytes) * _MOST_OF:
        return (
            f"pipertctl quarantine drop --all  # {size(disk.quarantine_bytes)}; look first: pipertctl quarantine list"
        )
    return as_root(f"du -xh {quoted([_mount(disk.folder)])} | sort -h | tail -20  # then remove what is not needed")


def _held(folder: Path) -> int:
    """What the files of a folder take, in bytes; of what may not be seen nothing."""
    held = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                held += Path(place, name).lstat().st_blocks * 512
            except OSError:  # it went meanwhile
                continue
    return held


def _mount(folder: Path) -> Path:
    """Where the file system of a folder is mounted."""
    place = folder.resolve()
    while not place.is_mount():
        place = place.parent
    return place

"""Folders of earlier `pipertd run`s: one that was killed could not remove its own, and nobody else knows of it.

Only what is certain to be such a folder is removed: of this user, closed to all others, with a mark that only a run
makes, and with a signed lock that the kernel took back. A lock is signed when it is held, and removed before it is let
go, so one that is signed and free is that of a run that was killed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "pipertd-"  # short: a path to a socket is, and the folder for temporary files may lie deep
_MARK, _LOCK = "of-pipertd-run", "lock"
_NO_OTHERS = 0o700


def mark(folder: Path) -> None:
    """Have the next run remove it, if this one cannot."""
    (folder / _MARK).touch()


def remove_leftovers(parent: Path) -> None:
    """Remove the folders in ``parent`` of runs that were killed; what cannot be removed stays."""
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError), _abandoned(folder) as is_abandoned:
            if is_abandoned:
                _remove(folder)


def _remove(folder: Path) -> None:
    """What tells that it may be removed goes last: a flow that is still about to end may write into it meanwhile."""
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name not in (_MARK, _LOCK):
            each.unlink()
    shutil.rmtree(folder)


@contextmanager
def _abandoned(folder: Path) -> Iterator[bool]:
    """Whether nobody has it any more; nobody else finds so meanwhile."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        about = os.fstat(place)
        if about.st_uid != os.geteuid() or stat.S_IMODE(about.st_mode) != _NO_OTHERS:
            yield False
            return
        os.stat(_MARK, dir_fd=place, follow_symlinks=False)
        lock = os.open(_LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=place)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield os.fstat(lock).st_size > 0
        finally:
            os.close(lock)
    finally:
        os.close(place)

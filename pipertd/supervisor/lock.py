"""One daemon a directory: a lock that the kernel takes back whatever way its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipertd.errors import DirectoryInUse, SettingsError, cause_of


@contextmanager
def held_directory(folder: Path, option: str) -> Iterator[None]:
    """Hold ``folder``, made where missing; ``option`` is the one that names another.

    The runtime directory is held before its sockets are bound, because a bind can steal a path in use; the state
    directory, so that its history has one writer.

    Raises:
        DirectoryInUse: another daemon holds it.
        SettingsError: it cannot be made or written to, or is held by this process already.
    """
    file = folder / "lock"
    if not str(folder).isprintable():
        raise SettingsError(f"cannot use directory {str(folder)!r} (see {option}): its name is no printable text")
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        fd = _open_locked(file)
    except BlockingIOError:
        if _holder(file) == str(os.getpid()):
            raise SettingsError(f"cannot use {folder} twice: give {option} a directory of its own") from None
        raise DirectoryInUse(
            f"cannot use {folder}: the pipertd with process id {_holder(file)} runs there; "
            f"stop it, or give {option} another directory"
        ) from None
    except OSError as reason:
        why = f"{cause_of(reason)}: {reason.filename or file}"
        raise SettingsError(f"cannot use directory {folder} (see {option}): {why}") from reason
    try:
        yield
    finally:
        with suppress(OSError):  # the lock is what counts: a file that stays, on a read-only disk, holds nobody up
            file.unlink()
        os.close(fd)


def _open_locked(file: Path) -> int:
    while True:
        fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still_there(fd, file):
                _sign(fd)
                return fd
        except OSError:
            os.close(fd)
            raise
        os.close(fd)  # its holder took the file away while we waited for it


def _sign(fd: int) -> None:
    """Say who holds it. The lock is what counts: a disk that is full stops no daemon."""
    with suppress(OSError):
        os.truncate(fd, 0)
        os.write(fd, f"{os.getpid()}\n".encode())


def _is_still_there(fd: int, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), file.stat())
    except FileNotFoundError:
        return False


def _holder(file: Path) -> str:
    try:
        return file.read_text().strip() or "unknown"
    except OSError:
        return "unknown"

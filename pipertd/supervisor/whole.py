"""A file that a daemon before this one left, read as a whole.

Flows are of the daemon's user, and may have put anything under its name: nobody waits for that, or fills the memory
with it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_whole(path: Path, most_bytes: int) -> bytes:
    """All of it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no regular file, or larger.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is no regular file")
        if status.st_size > most_bytes:
            raise ValueError(f"it is larger than {most_bytes} bytes")
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(fd)

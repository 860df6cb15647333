"""Files by names under which others may have put something else: nobody waits for what is no file.

Flows are of the daemon's user. Who opens a FIFO waits for its other end, and who reads a device may come to no end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


class NotRegular(OSError):
    """Raised when there is something, and it is no file."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "it is no regular file", str(path))


def open_regular(path: Path, flags: int = os.O_RDONLY, mode: int = 0o640) -> int:
    """A descriptor of a regular file, close-on-exec; ``mode`` is for one that ``flags`` make.

    Raises:
        OSError: it cannot be opened. NotRegular: it is something else.
    """
    try:
        fd = os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK, mode)
    except OSError as reason:
        if reason.errno in (errno.ENXIO, errno.EISDIR, errno.ELOOP):  # a socket, a folder, a link to itself
            raise NotRegular(path) from None
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotRegular(path)
    os.set_blocking(fd, True)
    return fd

"""A file that can grow no further, as on a full disk: the kernel says so, not a double of it."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def room_for(fd: int, more_bytes: int) -> Iterator[None]:
    """No file of this process grows beyond ``more_bytes`` behind the present end of ``fd``, in the block."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.fstat(fd).st_size + more_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

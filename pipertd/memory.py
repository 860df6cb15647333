"""Files in memory, for what a child process is told, asked and answers: a disk that is full stops none of it."""

from __future__ import annotations

import os
from typing import BinaryIO


def memory_file(name: str, content: bytes = b"") -> BinaryIO:
    """A close-on-exec file that holds ``content``, to be read from its beginning; ``name`` is seen in /proc alone.

    Raises:
        OSError: there is no descriptor or no memory left.
    """
    file = os.fdopen(os.memfd_create(name, os.MFD_CLOEXEC), "w+b")
    file.write(content)
    file.seek(0)
    return file

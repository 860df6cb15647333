"""What user code prints, where its log may have no room: a line is lost then, and no print raises anything."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class Prints(Protocol):
    """What writes them."""

    def append_print(self, fd: int, data: bytes) -> None:
        """Write ``data`` as far as that can be done; the rest is counted, and nobody is told."""


def take_prints(prints: Prints) -> None:
    """Have ``sys.stdout`` and ``sys.stderr`` write with ``prints`` from now on, to the descriptors that they have."""
    sys.stdout = sys.__stdout__ = _text(1, sys.stdout, prints)  # type: ignore[misc]
    sys.stderr = sys.__stderr__ = _text(2, sys.stderr, prints)  # type: ignore[misc]


def _text(fd: int, like: TextIO, prints: Prints) -> io.TextIOWrapper:
    is_buffered = isinstance(like, io.TextIOWrapper) and not like.write_through
    output = _Printed(fd, prints)
    return io.TextIOWrapper(
        io.BufferedWriter(output) if is_buffered else output,
        like.encoding,
        like.errors,
        line_buffering=is_buffered and bool(like.line_buffering),
        write_through=not is_buffered,
    )


class _Printed(io.RawIOBase):
    """A descriptor that takes everything; it stays open when this is closed."""

    def __init__(self, fd: int, prints: Prints) -> None:
        super().__init__()
        self._fd = fd
        self._prints = prints
        self.name = f"<fd {fd}>"
        self.mode = "wb"

    def fileno(self) -> int:
        return self._fd

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        view = memoryview(data)
        self._prints.append_print(self._fd, view.tobytes())
        return view.nbytes

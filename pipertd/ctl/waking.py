"""A sleep of the main thread that ends with a word from another thread, and with every signal.

Python handles a signal between two of its steps. One that comes behind the last of them and before the sleep would wait
for its end, which may be never; so each writes to a socket that is looked at in the sleep.

Source: ``signal.set_wakeup_fd``; the self-pipe trick of D. J. Bernstein.
"""

from __future__ import annotations

import select
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike


class Sleep:
    """It can be ended for as long as a ``with`` lasts, in the main thread."""

    def __init__(self) -> None:
        self._woken, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._fd_before = -1

    def __enter__(self) -> Self:
        self._fd_before = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._fd_before)
        self._woken.close()
        self._waker.close()

    def wake(self) -> None:
        """End the sleep, or the next one where there is none; from any thread."""
        with suppress(OSError):  # it is full of what nobody has read yet, or all is over
            self._waker.send(b"!")

    def until(self, seconds: float | None, *readable: FileDescriptorLike) -> list[Any]:
        """Sleep until it is woken, one of ``readable`` is, or the time is over, which None never is.

        Returns what is readable, a socket of its own for a word or a signal; nothing where the time is over.
        """
        ready, _, _ = select.select([self._woken, *readable], [], [], seconds)
        if self._woken in ready:
            self._woken.recv(4096)
        return ready

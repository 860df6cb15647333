"""The service manager's ear: what it is told at once, and what it may hear a little later.

The protocol is that of sd_notify(3). An ear that is full (process 1 is busy, or somebody floods it) must not hold up a
daemon: it waits once, for descriptors, and everything else is said as soon as there is room.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Sequence

_OF_SYSTEMD = "/run/systemd/notify"
_PATIENCE_S = 5.0  # process 1 may be busy; a daemon that waits for it longer than this does nothing else
_MOST_DESCRIPTORS = 253  # of one datagram, in every Linux


class Notifier:
    """Whoever started us and wants to be told; nobody is, where that is not wanted."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        self._socket: socket.socket | None = None
        self._patience_s = _PATIENCE_S
        self._unsaid: dict[tuple[str, ...], bytes] = {}  # by what it is about
        self._waiting: asyncio.AbstractEventLoop | None = None

    @property
    def is_heard(self) -> bool:
        """Whether somebody listens."""
        return bool(self._address)

    @property
    def is_systemd(self) -> bool:
        """Whether that is the system's, which can be asked for more."""
        return self._address == _OF_SYSTEMD

    def say(self, *words: str, fds: Sequence[int] = ()) -> None:
        """Say ``NAME=value`` words, with copies of descriptors; waits for room, if it did not in vain before.

        Raises:
            OSError: it cannot be said, or only a part of the descriptors could be.
        """
        if not self.is_heard:
            return
        text = "\n".join(words).encode()
        ear = self._connected()
        ear.settimeout(self._patience_s)
        self._patience_s = 0.0
        try:
            for first in range(0, len(fds) or 1, _MOST_DESCRIPTORS):
                socket.send_fds(ear, [text], list(fds[first : first + _MOST_DESCRIPTORS]))
        finally:
            ear.settimeout(0.0)
        self._patience_s = _PATIENCE_S

    def say_soon(self, *words: str) -> None:
        """Say words now, or when there is room; of what is said again about the same meanwhile, the last alone.

        Where nobody listens they are lost: who does not is not served worse for it.
        """
        if self.is_heard:
            about = (words[0].partition("=")[0], *words[1:])
            self._unsaid[about] = "\n".join(words).encode()
            self._say_unsaid()

    def _say_unsaid(self) -> None:
        while self._unsaid:
            about, text = next(iter(self._unsaid.items()))
            try:
                self._connected().send(text)
            except BlockingIOError:
                self._wait()
                return
            except OSError:
                self._hang_up()  # whoever listens there next is dialled anew
            self._unsaid.pop(about)
        self._stop_waiting()

    def _wait(self) -> None:
        if self._waiting is None and self._socket is not None:
            self._waiting = asyncio.get_running_loop()
            self._waiting.add_writer(self._socket, self._say_unsaid)

    def _stop_waiting(self) -> None:
        if self._waiting is not None and self._socket is not None:
            self._waiting.remove_writer(self._socket)
        self._waiting = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            made.setblocking(False)
            try:
                made.connect("\0" + self._address[1:] if self._address.startswith("@") else self._address)
            except OSError:
                made.close()
                raise
            self._socket = made
        return self._socket

    def _hang_up(self) -> None:
        self._stop_waiting()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def close(self) -> None:
        """Say nothing any more."""
        self._address = ""
        self._unsaid.clear()
        self._hang_up()

"""The service manager's ear for descriptors that it is to keep, for which sdnotify has no word.

The protocol is that of sd_notify(3).
"""

from __future__ import annotations

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

    @property
    def is_heard(self) -> bool:
        """Whether somebody listens."""
        return bool(self._address)

    @property
    def is_systemd(self) -> bool:
        """Whether that is the system's, which can be asked for more."""
        return self._address == _OF_SYSTEMD

    def say(self, *words: str, fds: Sequence[int] = ()) -> None:
        """Say ``NAME=value`` words, with copies of descriptors.

        Raises:
            OSError: it cannot be said, or only a part of the descriptors could be.
        """
        if not self.is_heard:
            return
        text = "\n".join(words).encode()
        ear = self._connected()
        for first in range(0, len(fds) or 1, _MOST_DESCRIPTORS):
            socket.send_fds(ear, [text], list(fds[first : first + _MOST_DESCRIPTORS]))

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.settimeout(_PATIENCE_S)
            self._socket.connect("\0" + self._address[1:] if self._address.startswith("@") else self._address)
        return self._socket

    def close(self) -> None:
        """Say nothing any more."""
        self._address = ""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

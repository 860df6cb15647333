"""What systemd is told: ready, stopping, a line of status, and signs of life from the main loop."""

from __future__ import annotations

import asyncio
import os

import sdnotify

_PATIENCE_S = 5.0  # process 1 may be busy; a daemon that waits for it longer than this does nothing else


class ServiceManager:
    """Whoever supervises us; without systemd nothing is sent.

    The sign of life comes from the loop's own timer, so that it stops when the loop does.
    """

    def __init__(self) -> None:
        self._notifier = sdnotify.SystemdNotifier() if os.environ.get("NOTIFY_SOCKET") else None
        if self._notifier is not None and self._notifier.socket is not None:
            self._notifier.socket.settimeout(_PATIENCE_S)
        self._timer: asyncio.TimerHandle | None = None

    def ready(self) -> None:
        """The daemon serves; call it on the loop."""
        self._say("READY=1")
        self._beat(_watchdog_s())

    def extend_start(self, seconds: float) -> None:
        """Starting takes so much longer; systemd's own limit of it holds otherwise."""
        self._say(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._say(f"STATUS={text}")

    def stopping(self) -> None:
        """The daemon is on its way down; signs of life go on."""
        self._say("STOPPING=1")

    def close(self) -> None:
        """No more signs of life."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._notifier is not None and self._notifier.socket is not None:
            self._notifier.socket.close()
            self._notifier = None

    def _say(self, message: str) -> None:
        if self._notifier is not None:
            self._notifier.notify(message)  # who does not listen is not served worse for it

    def _beat(self, every_s: float | None) -> None:
        if every_s is not None:
            self._say("WATCHDOG=1")
            self._timer = asyncio.get_running_loop().call_later(every_s, self._beat, every_s)


def _watchdog_s() -> float | None:
    """Half of what systemd waits, where it waits for us."""
    wanted, whom = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not wanted.isdecimal() or whom != str(os.getpid()):
        return None
    return int(wanted) / 1e6 / 2

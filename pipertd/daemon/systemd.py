"""What systemd is told: ready, stopping, a line of status, and signs of life from the main loop."""

from __future__ import annotations

import asyncio
import os

from pipertd.daemon.notify import Notifier


class ServiceManager:
    """Whoever supervises us; without systemd nothing is sent.

    The sign of life comes from the loop's own timer, so that it stops when the loop does.
    """

    def __init__(self) -> None:
        self._notifier = Notifier()
        self._timer: asyncio.TimerHandle | None = None

    def ready(self) -> None:
        """The daemon serves; call it on the loop."""
        self._notifier.say_soon("READY=1")
        self._beat(_watchdog_s())

    def extend_start(self, seconds: float) -> None:
        """Starting takes so much longer; systemd's own limit of it holds otherwise."""
        self._notifier.say_soon(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def status(self, text: str) -> None:
        """One line for ``systemctl status``."""
        self._notifier.say_soon(f"STATUS={text}")

    def stopping(self) -> None:
        """The daemon is on its way down; signs of life go on."""
        self._notifier.say_soon("STOPPING=1")

    def close(self) -> None:
        """No more signs of life."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._notifier.close()

    def _beat(self, every_s: float | None) -> None:
        if every_s is not None:
            self._notifier.say_soon("WATCHDOG=1")
            self._timer = asyncio.get_running_loop().call_later(every_s, self._beat, every_s)


def _watchdog_s() -> float | None:
    """Half of what systemd waits, where it waits for us."""
    wanted, whom = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not wanted.isdecimal() or whom != str(os.getpid()):
        return None
    return int(wanted) / 1e6 / 2

"""What the service manager hears, on a real notification socket."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from pipertd.daemon.systemd import ServiceManager


def heard(listener: socket.socket) -> list[str]:
    messages = []
    while True:
        try:
            messages.append(listener.recv(4096).decode())
        except BlockingIOError:
            return messages


def test_ready_then_signs_of_life_then_stopping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Systemd is told when the daemon serves and when it goes; signs of life come from the loop."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "2000")
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))

        async def serve() -> list[str]:
            manager = ServiceManager()
            manager.ready()
            messages: list[str] = []
            async with asyncio.timeout(120):
                while messages.count("WATCHDOG=1") < 3:
                    await asyncio.sleep(0)
                    messages += heard(listener)
            manager.stopping()
            manager.close()
            return messages + heard(listener)

        messages = asyncio.run(serve())
    assert (messages[0], messages[-1]) == ("READY=1", "STOPPING=1")


def test_other_process_watchdog_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A watchdog meant for our parent is left to it, and without systemd nothing happens."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", "2000")
    monkeypatch.setenv("WATCHDOG_PID", "1")

    async def serve() -> None:
        manager = ServiceManager()
        manager.ready()
        assert manager._timer is None

    asyncio.run(serve())

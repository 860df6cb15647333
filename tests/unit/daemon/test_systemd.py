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


def fill(address: Path) -> int:
    """Say something until there is no room for more; how often."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        count = 0
        while True:
            try:
                other.sendto(b"X=1", str(address))
            except BlockingIOError:
                return count
            count += 1


def test_a_service_manager_that_does_not_read_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is said meanwhile is heard when it reads again: each thing once, as it was said last, in its order."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.delenv("WATCHDOG_USEC", raising=False)

        async def serve() -> list[str]:
            manager = ServiceManager()
            full = fill(tmp_path / "notify")
            manager.extend_start(1.0)
            manager.ready()
            for number in range(100):
                manager.status(f"{number}")
            messages: list[str] = []
            async with asyncio.timeout(120):
                while len(messages) < full + 3:
                    messages += heard(listener)
                    await asyncio.sleep(0)
            manager.status("behind it")
            manager.close()
            return messages[full:] + heard(listener)

        assert asyncio.run(serve()) == ["EXTEND_TIMEOUT_USEC=1000000", "READY=1", "STATUS=99", "STATUS=behind it"]


def test_who_listens_there_next_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word to nobody is lost, and no later one."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    manager = ServiceManager()
    manager.status("nobody is there yet")
    for text in ("first", "second"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(str(tmp_path / "notify"))
            listener.setblocking(False)
            manager.status(text)
            assert heard(listener) == [f"STATUS={text}"]
        manager.status("nobody is there any more")
        (tmp_path / "notify").unlink()
    manager.close()

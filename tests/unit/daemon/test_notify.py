"""Words to the service manager, on real sockets."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

import pytest

from pipertd.daemon.notify import Notifier


def test_an_address_without_a_file_is_spoken_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """It begins with @, which stands for the null byte that no environment can hold."""
    name = f"pipertd-test-{uuid.uuid4().hex}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        notifier = Notifier()
        notifier.say("READY=1", "STATUS=here")
        notifier.close()
        notifier.say("STATUS=nobody is told any more")
        assert listener.recv(100) == b"READY=1\nSTATUS=here"
        with pytest.raises(BlockingIOError):
            listener.recv(100, socket.MSG_DONTWAIT)


def test_descriptors_are_passed_as_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the same files to whoever hears it, and stay ours."""
    name = f"pipertd-test-{uuid.uuid4().hex}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    ours = os.memfd_create("test")
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind(f"\0{name}")
            notifier = Notifier()
            notifier.say("FDSTORE=1", fds=[ours])
            notifier.close()
            text, (theirs,), _, _ = socket.recv_fds(listener, 100, 1)
        assert text == b"FDSTORE=1"
        assert os.path.sameopenfile(ours, theirs)
        os.close(theirs)
    finally:
        os.close(ours)


def test_without_a_service_manager_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything wrong then."""
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = Notifier()
    assert not notifier.is_heard
    notifier.say("READY=1")


def say_until_full(notifier: Notifier) -> None:
    while True:
        notifier.say("X=1")


def test_an_ear_that_is_full_is_waited_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a word finds room there again: else each of many words would hold its daemon up as long."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setattr("pipertd.daemon.notify._PATIENCE_S", 0.01)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        notifier = Notifier()
        with pytest.raises(TimeoutError):
            say_until_full(notifier)
        with pytest.raises(BlockingIOError):
            notifier.say("X=2")
        assert listener.recv(100) == b"X=1"
        notifier.say("X=3")
        with pytest.raises(TimeoutError):
            notifier.say("X=4")
        notifier.close()

"""Words to the service manager, on real sockets."""

from __future__ import annotations

import os
import socket
import uuid

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

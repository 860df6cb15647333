"""The zygote: it forks with any number of descriptors, buries when it is told, and leaves nobody behind."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipertd.embedded.zygote import ScriptZygote as Asked
from pipertd.flow.zygote import Enter, Zygote
from pipertd.forking import Buried, Bury, Fork, Forked, Refused
from pipertd.memory import memory_file
from pipertd.supervisor.zygote import ZygoteGone


@contextmanager
def zygote(enter: Enter, stop_s: float = 60.0) -> Iterator[tuple[Asked, int]]:
    """One whose children do ``enter``, and its process id."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    script = os.pidfd_open(os.getpid())
    pid = os.fork()
    if pid == 0:
        try:
            ours.close()
            Zygote(theirs, script, enter, stop_s=stop_s).run()
        finally:
            os._exit(0)
    theirs.close()
    os.close(script)
    asked = Asked(ours, os.pidfd_open(pid))
    try:
        yield asked, pid
    finally:
        asked.end()


def forked(asked: Asked, fds: list[int]) -> int:
    reply = asked.ask(Fork(flow="f", settles=False, fds=fds, environment={}), fds)
    assert isinstance(reply, Forked), reply
    return reply.pid


def sleep(_request: Fork, _fds: list[int]) -> int:
    signal.pause()
    return 0


def test_any_number_of_descriptors() -> None:
    """More than the kernel takes at once arrive in order, and how the process ended is told."""

    def check(request: Fork, fds: list[int]) -> int:
        contents = [os.pread(fd, 10, 0) for fd in fds]
        return 7 if contents == [b"%d" % number for number in range(600)] and len(request.fds) == 600 else 8

    files = [memory_file("test", b"%d" % number) for number in range(600)]
    with zygote(check) as (asked, _):
        numbers = [file.fileno() for file in files]
        for file in files:
            file.flush()
        assert asked.ask(Bury(pid=forked(asked, numbers))) == Buried(status=7)
    for file in files:
        file.close()


def test_burial() -> None:
    """A dead process keeps its id until it is buried; a stranger is not buried."""
    with zygote(sleep) as (asked, _):
        pid = forked(asked, [])
        assert os.getpgid(pid) == pid  # so that a kill of its group never misses it
        os.kill(pid, signal.SIGKILL)
        os.kill(pid, 0)
        assert asked.ask(Bury(pid=pid)) == Buried(status=-signal.SIGKILL)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert isinstance(asked.ask(Bury(pid=os.getpid())), Refused)


def test_handlers_of_an_author() -> None:
    """One that reaps every child, where the zygote has it in its memory, reaps none of the zygote's."""

    def reap(*_: object) -> None:
        os.waitpid(-1, os.WNOHANG)

    before = signal.signal(signal.SIGCHLD, reap)
    try:
        with zygote(lambda _request, _fds: 7) as (asked, _):
            signal.signal(signal.SIGCHLD, before)
            assert asked.ask(Bury(pid=forked(asked, []))) == Buried(status=7)
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_end() -> None:
    """A flow that does not stop by its deadline is killed, with all that it started in its group."""
    reading, writing = os.pipe()

    def stay(_request: Fork, fds: list[int]) -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.fork()
        os.write(fds[0], b"!")
        while True:
            signal.pause()

    with zygote(stay, stop_s=-2.0) as (asked, _):
        forked(asked, [writing])
        os.close(writing)
        assert os.read(reading, 1) + os.read(reading, 1) == b"!!"
    assert os.read(reading, 1) == b""  # nobody has the other end
    os.close(reading)


def test_death() -> None:
    """Whoever asks a dead zygote is told that it is dead."""
    with zygote(sleep) as (asked, pid):
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(ZygoteGone):
            asked.ask(Bury(pid=1))
        with pytest.raises(ZygoteGone):
            asked.ask(Bury(pid=1))

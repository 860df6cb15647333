"""The zygote: a process of one thread, which has what flows need in its memory, and forks their processes.

It is the parent of these. A dead one stays a zombie until the supervisor has it buried, so that its process id
stays its own. It never outlives its script: when that is gone, whatever way it went, the zygote has the flows stop,
kills what does not, and goes. One of the daemon's goes with the daemon, and leaves the flows to the next.
"""

from __future__ import annotations

import errno
import gc
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from pipertd.forking import Buried, Bury, End, Fork, Forked, Refused, hear_request, send

Enter = Callable[[Fork, list[int]], int]

_NEVER_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)  # where this is, flows bury themselves
_GRACE_S = 2.0  # beyond the deadline by which a flow stops itself


class Zygote:
    """Forks and buries, as it is told through ``line``, until its script is gone."""

    def __init__(self, line: socket.socket, script: int | None, enter: Enter, *, stop_s: float) -> None:
        """``script`` is a pidfd, None for one of the daemon's.

        ``enter`` is what a forked process does, with its descriptors, for its exit status.
        """
        self._line = line
        self._script = script
        self._enter = enter
        self._stop_s = stop_s
        self._children: set[int] = set()

    def run(self) -> None:
        """Return when nothing is left to do, and nobody is left."""
        _shed_handlers()
        Path("/proc/self/comm").write_text("pipertd zygote")
        gc.freeze()  # pages that nobody writes to are shared by all that is forked
        poll = select.poll()
        poll.register(self._line, select.POLLIN)
        if self._script is not None:
            poll.register(self._script, select.POLLIN)
        with suppress(EOFError):
            while self._script not in dict(poll.poll()) and self._serve():
                pass
        if self._script is not None:
            self._end_all()

    def _serve(self) -> bool:
        """Do what is asked; whether more may be."""
        try:
            request, fds = hear_request(self._line)
        except OSError as reason:
            self._answer(Refused(errno=reason.errno or errno.EIO, reason=str(reason)))
            return True
        match request:
            case End():
                return False
            case Bury():
                self._bury(request.pid)
            case Fork():
                try:
                    self._fork(request, fds)
                finally:
                    for fd in fds:
                        os.close(fd)
        return True

    def _answer(self, reply: Forked | Buried | Refused) -> None:
        with suppress(OSError):  # the script is gone, which is about to be seen
            send(self._line, reply)

    def _fork(self, request: Fork, fds: list[int]) -> None:
        try:
            detached, detaching = os.pipe()
        except OSError as reason:
            self._answer(Refused(errno=reason.errno or errno.EMFILE, reason=str(reason)))
            return
        try:
            pid = os.fork()
        except OSError as reason:
            os.close(detaching)
            self._answer(Refused(errno=reason.errno or errno.EAGAIN, reason=str(reason)))
        else:
            if pid == 0:
                self._be_forked(request, fds, detached, detaching)
            self._children.add(pid)
            os.close(detaching)
            os.read(detached, 1)  # nothing, when it has a group of its own: before, a kill of its group would miss it
            self._answer(Forked(pid=pid))
        finally:
            os.close(detached)

    def _be_forked(self, request: Fork, fds: list[int], *pipe: int) -> NoReturn:
        status = 1
        try:
            os.setsid()
            for fd in pipe:
                os.close(fd)
            if self._script is not None:
                os.close(self._script)
            self._line.close()
            status = self._enter(request, fds)
        finally:
            os._exit(status)

    def _bury(self, pid: int) -> None:
        if pid not in self._children:
            self._answer(Refused(errno=errno.ECHILD, reason=f"{pid} is no child of this zygote"))
            return
        self._answer(Buried(status=self._buried(pid)))

    def _buried(self, pid: int) -> int:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self._children.discard(pid)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def _end_all(self) -> None:
        """Have every flow stop in order, and kill it where it does not."""
        for pid in self._children:
            os.kill(pid, signal.SIGTERM)  # a zombie does not mind
        deadline_s = time.monotonic() + self._stop_s + _GRACE_S
        while any(not _is_dead(pid) for pid in self._children) and time.monotonic() < deadline_s:
            select.poll().poll(20)
        for pid in list(self._children):
            os.kill(pid, signal.SIGKILL)
            self._buried(pid)


def _is_dead(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _shed_handlers() -> None:
    """What an author's code does at a signal is not for here: it would reap the flows, or raise."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        if callable(signal.getsignal(number)) or number in _NEVER_IGNORED:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())

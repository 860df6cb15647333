"""The zygote of a script, as its supervisor knows it: its only one, a child of this process, that is waited for."""

from __future__ import annotations

import os
import select
import signal
import socket
from contextlib import suppress

from pipertd.forking import End, send
from pipertd.supervisor.zygote import Zygote

_STIR_MS = 1000  # after so long without a word from it, it is waked
_LONGEST_S = 15  # beyond which it is as good as dead; longer than the flows that it has may take for their end


class ScriptZygote(Zygote):
    """No other can be had, so it is given time. But nobody waits for ever, least of all the supervisor's loop.

    One that a signal has stopped is waked, and one that does not answer all the same is killed.
    """

    def __init__(self, line: socket.socket, pidfd: int) -> None:
        """Both are ours from now on."""
        super().__init__(line)
        self._pidfd = pidfd

    def wait(self) -> None:
        """See :class:`Zygote`."""
        self._await(self._line.fileno())

    def end(self) -> None:
        """Have it go, with all that it forked, and return when it is gone."""
        with self._turn:
            with suppress(OSError):
                send(self._line, End())
            self._line.close()
            self._await(self._pidfd)
            with suppress(ChildProcessError):  # a signal handler of the script's was quicker
                os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
            os.close(self._pidfd)

    def _await(self, fd: int) -> None:
        """Until there is something to be read, which its death is, too."""
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        for _ in range(_LONGEST_S * 1000 // _STIR_MS):
            if poll.poll(_STIR_MS):
                return
            self._signal(signal.SIGCONT)
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

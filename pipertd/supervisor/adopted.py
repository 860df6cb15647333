"""Processes that a daemon before this one started: handles as of children of our own, but for how they end.

Somebody else reaps them (process 1, as a rule), so their exit status is not ours to be had by ``waitid``. The kernel
tells it by the pidfd since Linux 6.15; else their last words are all there is (see ``last_words``).
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from pipertd.errors import ManifestError
from pipertd.shm.status import Activity, RoutineFacts
from pipertd.supervisor.launch import Process
from pipertd.supervisor.manifest import ProcessRecord
from pipertd.supervisor.procfs import start_ticks
from pipertd.supervisor.restart import UNSEEN, Ending

_TO_GROUP = 1 << 2  # PIDFD_SIGNAL_PROCESS_GROUP, since Linux 6.9
_INFO = struct.Struct("=Q52xi")  # of struct pidfd_info: the mask, and the exit code
_GET_INFO = 3 << 30 | _INFO.size << 16 | 0xFF << 8 | 11  # PIDFD_GET_INFO
_INFO_EXIT = 1 << 3
_REAPED_MS = 50  # process 1 reaps at once, where it reaps at all


@dataclass(frozen=True)
class AdoptedProcess(Process):
    """A process that was alive when we looked, and is no child of ours."""

    def kill_group(self) -> None:
        """SIGKILL to the process and all that it started in its group, even when it is dead and reaped itself."""
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL, None, _TO_GROUP)
        except ProcessLookupError:
            pass
        except OSError as reason:
            if reason.errno != errno.EINVAL:
                raise
            _kill_group_of(self.pid, self.started)

    def bury(self) -> Ending:
        """Take what is left of its group down, and say how it ended, as far as that can be known."""
        self.kill_group()
        ending = _ending(self.pidfd)
        os.close(self.pidfd)
        return ending


@dataclass(frozen=True)
class GoneProcess(Process):
    """A process that died while no daemon was there; whoever has its id now is another. Its ``pidfd`` is readable."""

    def signal(self, number: signal.Signals) -> None:
        """Nobody is there to get it."""

    def kill_group(self) -> None:
        """SIGKILL to all that it started in its group."""
        _kill_group_of(self.pid, self.started)

    def is_stopped(self) -> bool:
        """It is not."""
        return False

    def bury(self) -> Ending:
        """Take what is left of its group down; nobody saw how it ended."""
        self.kill_group()
        os.close(self.pidfd)
        return UNSEEN


def adopt_process(record: ProcessRecord) -> Process:
    """A handle of the process that is on record, dead or alive.

    Raises:
        ManifestError: there is no descriptor left.
    """
    try:
        try:
            pidfd = os.pidfd_open(record.pid)
        except ProcessLookupError:
            return GoneProcess(record.pid, _readable(), record.started)
        # Only now: what the pidfd stands for stays what it is, so that a later process of this id is found out.
        if start_ticks(record.pid) != record.started:
            os.close(pidfd)
            return GoneProcess(record.pid, _readable(), record.started)
    except OSError as reason:
        raise ManifestError(f"cannot look after process {record.pid}: {reason}") from reason
    return AdoptedProcess(record.pid, pidfd, record.started)


def last_words(ending: Ending, facts: Mapping[str, RoutineFacts], generation: int) -> Ending:
    """How a process ended whose end nobody saw, by what its routines said last; unseen where they said no last word."""
    if ending.seen or not all(fact.generation == generation and fact.activity.over for fact in facts.values()):
        return ending
    return Ending(int(any(fact.activity is Activity.FAILED for fact in facts.values())))


def _readable() -> int:
    """A descriptor that is readable for ever, as the pidfd of a dead process is."""
    reading, writing = os.pipe()
    os.close(writing)
    return reading


def _kill_group_of(pid: int, started: int) -> None:
    """As long as a group has members, no other process is given its id: a later process of this id says it has none."""
    if start_ticks(pid) in (None, started):
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _ending(pidfd: int) -> Ending:
    """What the kernel knows of it when it is reaped."""
    poll = select.poll()
    poll.register(pidfd, 0)
    poll.poll(_REAPED_MS)  # for POLLHUP, which is always told
    answer = bytearray(_INFO.pack(_INFO_EXIT, 0))
    try:
        fcntl.ioctl(pidfd, _GET_INFO, answer)
    except OSError:  # an older Linux, or nobody reaps it
        return UNSEEN
    told, status = _INFO.unpack(answer)
    if not told & _INFO_EXIT:
        return UNSEEN
    if os.WIFSIGNALED(status):
        return Ending(-os.WTERMSIG(status), os.WTERMSIG(status))
    return Ending(os.WEXITSTATUS(status))

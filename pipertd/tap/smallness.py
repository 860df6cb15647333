"""What the process takes of the machine: what nobody else wants, and no more memory than it needs."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import time
from pathlib import Path

from pipertd.death_signal import have_at_death_of_parent

MOST_MEMORY_BYTES = 1024 * 1024 * 1024
_AUTOGROUP, _TRIES = Path("/proc/self/autogroup"), 10
_NICENESS_AMONG_SESSIONS = 10  # a ninth of what another session gets
_PR_SET_NO_NEW_PRIVS = 38


def be_small() -> None:
    """Take a small share of a processor, gain no rights, write no core, and end with the daemon, even if stopped.

    Not SCHED_IDLE: who runs by that is interrupted whenever anybody wakes, in the middle of most copies, and all that
    it saw on a busy machine was overtaken. Of a small share it has its turns whole, only seldom.

    Source: prctl(2), sched(7). The death signal is for the tap that SIGSTOP keeps from seeing its socket's end.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    have_at_death_of_parent(signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY_BYTES, MOST_MEMORY_BYTES))
    os.setpriority(os.PRIO_PROCESS, 0, 19)
    _have_the_session_be_nice()


def _have_the_session_be_nice() -> None:
    """Where the kernel shares processors among sessions, niceness counts within one only: let ours count little."""
    for _ in range(_TRIES):
        try:
            _AUTOGROUP.write_text(str(_NICENESS_AMONG_SESSIONS))
        except BlockingIOError:  # somebody did so within the last tenth of a second
            time.sleep(0.1)
            continue
        except OSError:  # it does not
            pass
        return

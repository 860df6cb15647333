"""A signal that the kernel sends a process when its parent dies: it comes to one that is stopped, too."""

from __future__ import annotations

import ctypes
import signal

_PR_SET_PDEATHSIG = 1


def have_at_death_of_parent(number: signal.Signals) -> None:
    """Have this process sent the signal when the thread that started it ends. A process that it forks has none.

    Source: prctl(2).

    Raises:
        OSError: the system does not let us.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(number), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")

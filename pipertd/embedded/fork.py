"""The fork of the zygote from the script, before any thread of ours runs in it."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import socket
import sys
import threading
import warnings
from typing import NoReturn

from pipertd.death_signal import have_at_death_of_parent
from pipertd.embedded.troupe import Troupe
from pipertd.errors import LaunchFailed
from pipertd.flow.zygote import Zygote

OUR_THREAD = "pipertd "  # with a space: how names of threads of ours begin
_LAST_STANDARD = 2  # descriptor: standard error
_STACKLEVEL = 4  # the script's call of build()


def fork_zygote(troupe: Troupe, *, stop_s: float) -> tuple[int, socket.socket]:
    """Fork it; its pidfd, and the socket by which it is spoken to.

    Raises:
        LaunchFailed: multiprocessing runs the script once more, in a process of its own.
        OSError: the system does not let us.
    """
    _refuse_second_run()
    _warn_of_threads()
    _fill_standard()
    for output in filter(None, (sys.stdout, sys.stderr)):
        output.flush()  # what waits in there must not be printed once more by every flow
    faulthandler.cancel_dump_traceback_later()  # in a fork without its thread, to set another one waits for ever
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    script = os.pidfd_open(os.getpid())
    blocked = signal.pthread_sigmask(
        signal.SIG_BLOCK, signal.valid_signals()
    )  # no handler runs in there before it goes
    try:
        pid = os.fork()
        if pid == 0:
            _be_zygote(troupe, ours, theirs, script, stop_s)
        zygote = os.pidfd_open(pid)
    except OSError:
        ours.close()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        theirs.close()
        os.close(script)
    return zygote, ours


def _be_zygote(troupe: Troupe, ours: socket.socket, line: socket.socket, script: int, stop_s: float) -> NoReturn:
    try:
        ours.close()
        os.setsid()  # no Ctrl-C and no end of a terminal reaches it: the script decides
        have_at_death_of_parent(signal.SIGCONT)  # or one that somebody has stopped would lie there for ever
        Zygote(line, script, troupe.enter, stop_s=stop_s).run()
    finally:
        os._exit(0)


def _refuse_second_run() -> None:
    """Where multiprocessing does not fork, its processes import the script; a guard keeps them from building again."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise LaunchFailed(
            "cannot build the pipe: multiprocessing imports this script in a process of its own; put what builds and "
            'runs the pipe behind `if __name__ == "__main__":`'
        )


def _fill_standard() -> None:
    """Have something at 0, 1 and 2, where the script has closed them: no other descriptor may come to lie there."""
    opened = -1
    while opened < _LAST_STANDARD:
        opened = os.open(os.devnull, os.O_RDWR)
    if opened > _LAST_STANDARD:
        os.close(opened)


def _warn_of_threads() -> None:
    """A lock that one of them holds now is held for ever in every flow."""
    others = [
        each.name
        for each in threading.enumerate()
        if each is not threading.current_thread() and not each.name.startswith(OUR_THREAD)
    ]
    if others:
        warnings.warn(
            f"build() forks this script while threads of its own run ({', '.join(sorted(others))}): flows have none of "
            "them, and a lock that one holds now stays locked there; start threads after build()",
            RuntimeWarning,
            stacklevel=_STACKLEVEL,
        )

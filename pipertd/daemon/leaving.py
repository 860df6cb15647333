"""Leaving: the daemon goes, and all flows go on, to be adopted by the next one.

It goes as a crash would have it go. What the next daemon has to know is on record at every moment, so nothing is to be
done for it here, and what is tried by every crash is all that a restart of the service needs.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal

from pipertd.daemon.systemd import ServiceManager
from pipertd.supervisor.history import History
from pipertd.supervisor.view import NoticeKind

LEAVE = signal.SIGUSR1


def leave_when_told(history: History, manager: ServiceManager) -> None:
    """Have the signal ``LEAVE`` end this process, and nothing else."""
    asyncio.get_running_loop().add_signal_handler(LEAVE, _leave, history, manager)


def _leave(history: History, manager: ServiceManager) -> None:
    manager.stopping()
    history.record(NoticeKind.DAEMON_STOPPING, "pipertd goes, and leaves its flows to the next one")
    history.close()
    logging.shutdown()
    os._exit(0)

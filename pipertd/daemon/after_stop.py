"""`pipertd after-stop`: what systemd runs when the daemon is gone (``ExecStopPost=``), however it went.

Behind a stop nothing may be left: not the flow that outlived a daemon which was killed while it stopped, nor one that
could not be stopped in time, nor what is on record of them. Behind a restart, and behind a crash that the next daemon
follows sooner or later, flows go on. Either way the unit's cgroup must limit nothing below it any more, because systemd
can start nothing in one that does; the next daemon sets the limits of its flows again.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pipertd.clock import monotonic_s
from pipertd.daemon.unit import is_being_stopped, unit_group
from pipertd.supervisor.cgroup import Cgroup
from pipertd.supervisor.delegation import own_group, undivide

_GIVE_UP_S = 10.0
_POLL_S = 0.01


def after_stop() -> None:
    """Leave the unit as the next start of it needs it.

    Raises:
        NotDelegated: this process is part of no service.
    """
    group = unit_group()
    is_stop = is_being_stopped(group.name)
    stuck = end_others(group, own_group()) if is_stop else []
    undivide(group)
    if is_stop:
        forget([Path(each) for each in os.environ.get("RUNTIME_DIRECTORY", "").split(":") if each])
    if stuck:
        raise SystemExit(f"pipertd: cannot kill processes {', '.join(map(str, stuck))} in {group}: they do not die")


def end_others(group: Path, own: Path, deadline_s: float = _GIVE_UP_S) -> list[int]:
    """SIGKILL to all in ``group`` but this process, which is in ``own`` there; who is still there at the deadline."""
    end_s = monotonic_s() + deadline_s
    left = _others(group)
    if left:
        print(f"pipertd: processes {', '.join(map(str, left))} are left of what was stopped, and are killed")
    while left and monotonic_s() < end_s:
        _kill_others(group, own)
        time.sleep(_POLL_S)
        left = _others(group)
    return left


def forget(folders: Iterable[Path]) -> None:
    """Remove the files that a killed daemon left in its runtime directory; folders there are an operator's."""
    for folder in folders:
        for each in folder.iterdir():
            if not each.is_dir():
                each.unlink()


def _kill_others(group: Path, own: Path) -> None:
    for each in group.iterdir():
        if each.is_dir() and each != own:
            Cgroup(each).kill()
    for pid in {*Cgroup(group).processes(), *Cgroup(own).processes()} - {os.getpid()}:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _others(group: Path) -> list[int]:
    groups = [Cgroup(Path(folder)) for folder, *_ in os.walk(group)]  # which minds no group that goes meanwhile
    return sorted({pid for each in groups for pid in each.processes()} - {os.getpid()})

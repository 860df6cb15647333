"""One cgroup: the processes in it, its limits, and what the kernel tells of it. Each file there is one word or line.

None of these files is on a disk: to read or write one is a system call that does not wait.
"""

from __future__ import annotations

import os
import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipertd.supervisor.view import Pressure, Usage

_AVERAGE = re.compile(r"^some avg10=([0-9.]+)", re.MULTILINE)
_CPU_TIME = re.compile(r"^usage_usec (\d+)$", re.MULTILINE)
_OOM_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Cgroup:
    """The group in this folder."""

    path: Path

    def add(self, pid: int) -> None:
        """Move a process in; what it starts from now on is in, too.

        Raises:
            OSError: the kernel refused, or it is gone.
        """
        (self.path / "cgroup.procs").write_text(f"{pid}")

    def set(self, file: str, value: int) -> None:
        """Set a limit.

        Raises:
            OSError: the kernel has no such limit here, or refused the value.
        """
        fd = os.open(self.path / file, os.O_WRONLY | os.O_CLOEXEC)  # not to be made where it is missing
        try:
            os.write(fd, f"{value}".encode())
        finally:
            os.close(fd)

    def kill(self) -> None:
        """SIGKILL to all that is in it, whatever session or group of processes it made for itself."""
        try:
            self.set("cgroup.kill", 1)
        except OSError:  # it is gone, or the kernel is older than 5.14: one that forks faster comes next time
            for pid in self.processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def processes(self) -> list[int]:
        """Who is in it."""
        return [int(each) for each in self._read("cgroup.procs").split()]

    def remove(self) -> bool:
        """Whether it is gone; it stays as long as somebody is in it."""
        try:
            self.path.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def oom_kills(self) -> int:
        """How many of its processes the kernel killed for want of memory."""
        found = _OOM_KILLS.search(self._read("memory.events"))
        return int(found.group(1)) if found else 0

    def pressure(self) -> Pressure | None:
        """How much it waited for what it lacked; None where this kernel does not tell."""
        found = [_AVERAGE.search(self._read(f"{what}.pressure")) for what in Pressure._fields]
        shares = [float(each.group(1)) / 100 for each in found if each]
        return Pressure(*shares) if len(shares) == len(Pressure._fields) else None

    def usage(self) -> Usage | None:
        """What all in it use, and what those used that ended; None where it lacks a controller for that."""
        cpu, memory = _CPU_TIME.search(self._read("cpu.stat")), self._read("memory.current")
        return Usage(int(cpu.group(1)) / 1e6, int(memory)) if cpu and memory else None

    def _read(self, file: str) -> str:
        try:
            return (self.path / file).read_text()
        except OSError:
            return ""

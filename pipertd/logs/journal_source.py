"""Which entries of the journal are this daemon's: journald itself says who sent them, and nobody can forge that."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path

from pipertd.errors import LogsUnreadable
from pipertd.logs.journal_child import journal_values, read_journal
from pipertd.logs.journal_entry import Entry, record_of
from pipertd.logs.record import EVERYTHING, LogFilter, LogRecord
from pipertd.names import Target, is_name

MACHINE_ID = Path("/etc/machine-id")
_SLICE = re.compile(r".+\.slice")
_USER_MANAGER = re.compile(r"user@\d+\.service")
_PLACE = ("PIPERTD_PIPELINE", "PIPERTD_FLOW", "PIPERTD_ROUTINE")
_MOST_STREAMS = 256  # more of a pipeline than that anybody may have made up, and a command line has an end
_PRIORITIES = ((50, 2), (40, 3), (30, 4))  # of what has at least this level; prints are of priority 6


@dataclass(frozen=True)
class JournalSource:
    """A user and, where there is one, a unit: of the system, or of the user's own manager.

    journald knows the user of whoever sends an entry by the socket. The unit it looks up afterwards, and does not find
    where that process is gone by then: an entry without one counts as ours.
    """

    uid: int
    unit: str = ""
    user_unit: str = ""

    @classmethod
    def own(cls) -> JournalSource:
        """Of this process."""
        groups = Path("/proc/self/cgroup").read_text().splitlines()
        name = next((line.split(":", 2)[2] for line in groups if line.startswith(("0::/", "1:name=systemd:"))), "")
        return cls(os.geteuid(), *units_of(name))

    async def read(self, *options: str, wanted: LogFilter = EVERYTHING) -> AsyncGenerator[LogRecord, None]:
        """Records that journalctl finds with ``options``: all that are wanted, and some that are not.

        Raises:
            LogsUnreadable: it cannot find anything.
        """
        async with aclosing(read_journal(*options, *await self._matches(wanted))) as entries:
            async for entry in entries:
                if self._has(entry) and (record := record_of(entry)):
                    yield record

    def follow(self, cursor: str) -> AsyncGenerator[LogRecord, None]:
        """Records from a cursor on, as :meth:`read`, and for ever.

        By itself ``--follow`` shows the current boot alone, and finds nothing where /proc tells of another one than
        journald does, as in a sandbox within a container. With ``--merge`` it shows all boots, of all machines.

        Raises:
            LogsUnreadable: nobody can say which machine this is.
        """
        try:
            machine = MACHINE_ID.read_text().strip()
        except OSError as reason:
            raise LogsUnreadable(str(reason)) from reason
        return self.read("--follow", "--no-tail", "--merge", f"_MACHINE_ID={machine}", *beginning(cursor))

    async def newest(self) -> str:
        """The cursor of the newest record; empty where there is none.

        Raises:
            LogsUnreadable: the journal says nothing.
        """
        async with aclosing(self.read("--reverse")) as records:
            return await anext((record.cursor async for record in records), "")

    def _has(self, entry: Entry) -> bool:
        return entry.unit in (self.unit, None) and entry.user_unit in (self.user_unit, None)

    async def _matches(self, wanted: LogFilter) -> list[str]:
        """What has journalctl find all that can be wanted, and little else."""
        mine, target = f"_UID={self.uid}", wanted.target
        priority = [f"--priority={number}" for level, number in _PRIORITIES if wanted.level >= level][:1]
        if target is None:
            return [*priority, mine]
        printed = [] if priority or target.routine else await _streams(target)
        if len(printed) > _MOST_STREAMS:
            return [*priority, mine]
        place = zip(_PLACE, (target.pipeline, target.flow, target.routine), strict=True)
        logged = [f"{field}={name}" for field, name in place if name]
        return [*priority, mine, *logged, *(word for each in printed for word in ("+", mine, each))]


async def _streams(target: Target) -> list[str]:
    """What finds the prints of flows of ``target``."""
    if target.flow is not None:
        return [f"SYSLOG_IDENTIFIER=pipertd/{target}"]
    found: list[str] = []
    async with aclosing(journal_values("SYSLOG_IDENTIFIER")) as identifiers:
        async for each in identifiers:
            flow = each.removeprefix(f"pipertd/{target.pipeline}/")  # of anybody's making, and of any length
            if is_name(flow) and flow != each and len(found) <= _MOST_STREAMS:
                found.append(f"SYSLOG_IDENTIFIER={each}")
    return found


def beginning(cursor: str) -> list[str]:
    """What has journalctl begin with the entry at ``cursor``, or behind it where that is gone; with all for none."""
    return [f"--cursor={cursor}"] if cursor else []


def units_of(group: str) -> tuple[str, str]:
    """The unit of the system and that of a user's manager that a cgroup is in; empty where there is none."""
    names = iter([part for part in group.split("/") if part and not _SLICE.fullmatch(part)])
    unit = next(names, "")
    return unit, next(names, "") if _USER_MANAGER.fullmatch(unit) else ""

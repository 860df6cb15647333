"""What lives of the flows of a daemon that was killed, and how the next one gets hold of it.

First a handle of every process on record, then whether it is the one that was meant; then the shared memory of the
run, from whoever kept it for us, or else from any process that still lives, because each of them holds all of it.
Whoever died meanwhile is buried and judged like any other flow, and its successor comes when it is dead. What settled
or stood by for the old daemon is ended.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipertd.errors import ManifestError
from pipertd.supervisor.adopted import adopt_process
from pipertd.supervisor.custody import Custody
from pipertd.supervisor.launch import Process
from pipertd.supervisor.manifest import FlowRecord, Manifest, SegmentsRecord
from pipertd.supervisor.procfs import Identity, open_files


@dataclass(frozen=True)
class Survivors:
    """Handles of the processes of one flow, dead or alive: its generation, and those beside it."""

    living: Process | None = None
    settling: Process | None = None
    standby: Process | None = None

    def __iter__(self) -> Iterator[Process]:
        return (each for each in (self.living, self.settling, self.standby) if each is not None)


def find_survivors(manifest: Manifest) -> dict[str, Survivors]:
    """Handles of every process that is on record, by flow.

    Raises:
        ManifestError: there is no descriptor left.
    """
    return {name: _survivors(record) for name, record in manifest.flows.items()}


def _survivors(record: FlowRecord) -> Survivors:
    processes = (record.living.process if record.living else None, record.settling, record.standby)
    return Survivors(*(adopt_process(each) if each else None for each in processes))


def give_up(survivors: Iterable[Survivors]) -> None:
    """Have everything end that cannot be looked after, and let go of it."""
    for each in survivors:
        for process in each:
            if process is each.living:
                process.signal(signal.SIGTERM)
            else:
                process.kill_group()
            os.close(process.pidfd)


def open_segments(record: SegmentsRecord, survivors: Iterable[Survivors], custody: Custody) -> dict[Identity, int]:
    """Descriptors of everything that a run has in shared memory: as they were kept, or through a process that lives.

    Raises:
        ManifestError: they were not kept, and none lives that holds all of it.
    """
    wanted = {record.guards, *(each for home in record.homes for each in (home.ledger, home.bell))}
    wanted |= {home.pool for home in record.homes if home.pool is not None}
    if (kept := custody.take(wanted)) is not None:
        return kept
    for pid in [process.pid for each in survivors for process in each if process.lives]:
        found = open_files(pid)
        if wanted <= found.keys():
            opened: dict[Identity, int] = {}
            try:
                for each in wanted:
                    opened[each] = os.open(found[each], os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            except OSError:  # it died meanwhile
                for fd in opened.values():
                    os.close(fd)
            else:
                return opened
    raise ManifestError("no process of it lives any more that holds its shared memory, and nobody else kept it")

"""The service manager's store of descriptors: what is put there comes back to the next daemon, whatever ends this one.

systemd keeps them under names, over a crash, a restart and its own exec, until the service is stopped; it gives them
to the next daemon in no order. So the names serve to remove them, and which is which is told by their inodes.

Too many of them, and no daemon can be started any more. All names come back in one variable of the environment, which
Linux limits to 128 KiB. And systemd puts them into their places under the soft limit of descriptors that the unit has,
which takes place for some of them twice.
"""

from __future__ import annotations

import os
from collections.abc import Collection, MutableMapping

from pipertd.daemon.notify import Notifier
from pipertd.daemon.unit import descriptor_room, unit_group
from pipertd.errors import NotDelegated
from pipertd.supervisor.custody import Custody, RunName
from pipertd.supervisor.history import History
from pipertd.supervisor.procfs import Identity, identity
from pipertd.supervisor.view import NoticeKind

MOST_DESCRIPTORS = 4096
LONGEST_NAME = 30  # 4096 of them, each with a colon, are 124 KiB
_FIRST = 3  # behind the standard ones
_SETTINGS = "FileDescriptorStoreMax= and LimitNOFILE= of the unit"
_PIPELINE_SHOWN = 8  # characters of its name: a run's own tells it from all others


class DescriptorStore(Custody):
    """What the service manager keeps for this daemon, and has kept for it."""

    def __init__(self, notifier: Notifier, history: History, inherited: Collection[tuple[str, int]], room: int) -> None:
        """``inherited`` are descriptors with their names; the service manager has ``room`` for so many."""
        self._notifier = notifier
        self._history = history
        self._room = room
        self._kept: dict[str, set[Identity]] = {}
        self._inherited: dict[Identity, int] = {}
        self._told: set[str] = set()  # pipelines of which was said that they are not kept
        for name, fd in inherited:
            self._kept.setdefault(name, set()).add(identity(fd))
            if self._inherited.setdefault(identity(fd), fd) != fd:
                os.close(fd)

    def keep(self, name: RunName, fds: Collection[int]) -> None:
        """As ``Custody.keep``; where there is no room for all, none is put there and a notice says so, once."""
        stored = stored_name(name)
        new = {each: fd for fd in fds if (each := identity(fd)) not in self._kept.get(stored, ())}
        if not new:
            return
        room = self._room - sum(map(len, self._kept.values()))
        if len(new) > room:
            self._tell(name.pipeline, f"they are {len(new)}, and it has room for {room} ({_SETTINGS})")
            return
        try:
            # FDPOLL=0: else one that hangs up would be thrown out.
            self._notifier.say("FDSTORE=1", "FDPOLL=0", f"FDNAME={stored}", fds=list(new.values()))
        except OSError as reason:
            self._tell(name.pipeline, str(reason))
            self._remove(stored)  # what of them it may have
        else:
            self._kept.setdefault(stored, set()).update(new)
            self._told.discard(name.pipeline)

    def take(self, wanted: set[Identity]) -> dict[Identity, int] | None:
        """As ``Custody.take``."""
        if not wanted <= self._inherited.keys():
            return None
        return {each: self._inherited.pop(each) for each in wanted}

    def let_go(self, name: RunName) -> None:
        """As ``Custody.let_go``."""
        if stored_name(name) in self._kept:
            self._remove(stored_name(name))

    def keep_only(self, names: Collection[RunName]) -> None:
        """As ``Custody.keep_only``; what was inherited and not taken is closed."""
        for stored in self._kept.keys() - {stored_name(each) for each in names}:
            self._remove(stored)
        for fd in self._inherited.values():
            os.close(fd)
        self._inherited.clear()

    def _remove(self, stored: str) -> None:
        self._kept.pop(stored, None)
        self._notifier.say_soon("FDSTOREREMOVE=1", f"FDNAME={stored}")

    def _tell(self, pipeline: str, why: str) -> None:
        if pipeline in self._told:
            return
        self._told.add(pipeline)
        text = f"the service manager does not keep the descriptors of pipeline {pipeline}: {why}"
        meaning = "if the daemon and all flows of it die at once, its run is lost"
        self._history.record(NoticeKind.PIPELINE_UNKEPT, f"{text}; {meaning}", pipeline=pipeline)


def stored_name(name: RunName) -> str:
    """What a run's descriptors are called in the store: enough for a person, and short."""
    return f"{name.pipeline[:_PIPELINE_SHOWN]}.{name.run}"[:LONGEST_NAME]


def inherited_descriptors(environment: MutableMapping[str, str]) -> list[tuple[str, int]]:
    """The descriptors that the service manager gave to this process, with their names; told to nobody again."""
    pid, count, names = (environment.pop(f"LISTEN_{what}", "") for what in ("PID", "FDS", "FDNAMES"))
    if pid != str(os.getpid()) or not count.isdecimal():
        return []
    called = names.split(":") if names else []
    return [(called[each] if each < len(called) else "", _FIRST + each) for each in range(int(count))]


def room_for_descriptors(notifier: Notifier, startable: int) -> int:
    """How many descriptors the service manager can keep for a daemon that starts with so many allowed.

    As many as can be given back, where it does not say how many it keeps.
    """
    returnable = min(MOST_DESCRIPTORS, startable // 2)
    if not notifier.is_systemd:
        return returnable
    try:
        room = descriptor_room(unit_group().name)
    except NotDelegated:
        return returnable
    return returnable if room is None else min(room, returnable)

"""The groups of all flows of a daemon: made when a process is started, removed when all that was in them is dead."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import NamedTuple

from pipertd.clock import monotonic_s
from pipertd.definition.model import Resources
from pipertd.supervisor.cgroup import Cgroup
from pipertd.supervisor.delegation import Delegation

_POLL_S = 0.02
_GIVE_UP_S = 10.0

logger = logging.getLogger(__name__)


class Held(NamedTuple):
    """What holds a process: its group, if it has one, and which of its limits that cannot set, in words."""

    group: Cgroup | None
    problems: list[str]
    limits_memory: bool = False


class Cgroups:
    """What a daemon holds its flows with."""

    def __init__(self, delegation: Delegation | None = None, why_not: str = "flows have no cgroups here") -> None:
        """``why_not`` says in words why there is no delegation."""
        self._delegation = delegation
        self.why_not = "" if delegation else why_not
        self._dying: dict[Cgroup, float] = {}
        self._burying: asyncio.Task[None] | None = None
        if delegation is not None:
            for left in delegation.flows.iterdir():  # by a daemon before us; one that still holds somebody stays
                if left.is_dir():
                    Cgroup(left).remove()

    @property
    def controllers(self) -> tuple[str, ...]:
        """Those that limit flows here, by name."""
        return tuple(sorted(self._delegation.controllers)) if self._delegation else ()

    def hold(self, pid: int, name: str, wanted: Resources) -> Held:
        """Put a process into a group of its own, called ``name.pid``, with its limits set; again where it is in."""
        limits = _limits(wanted)
        if self._delegation is None:
            return Held(
                None, [_unmet(key, value, self.why_not) for key, value in limits.items() if key != "memory_max"]
            )
        group = Cgroup(self._delegation.flows / f"{name}.{pid}")
        try:
            group.path.mkdir(exist_ok=True)
            group.add(pid)
        except OSError as reason:
            group.remove()
            died = isinstance(reason, ProcessLookupError)  # which is news to whoever watches it
            return Held(None, [] if died else [f"cannot have a cgroup of its own: {reason}"])
        return Held(group, self._set(group, limits), "memory" in self._delegation.controllers)

    def find(self, pid: int, name: str, wanted: Resources) -> Cgroup | None:
        """The group that a daemon before this one put a process into, if it did.

        Its limits are set again: they are gone where somebody turned the controllers off, as who starts a unit anew
        whose processes live on has to.
        """
        group = Cgroup(self._delegation.flows / f"{name}.{pid}") if self._delegation else None
        if group is None or not group.path.is_dir():
            return None
        self._set(group, _limits(wanted))
        return group

    def bury(self, group: Cgroup) -> None:
        """Kill what is in it, and remove it as soon as that is dead."""
        group.kill()
        if group.remove():
            return
        self._dying[group] = monotonic_s() + _GIVE_UP_S
        if self._burying is None or self._burying.done():
            self._burying = asyncio.create_task(self._remove_dying())

    async def close(self) -> None:
        """Return when no group is left to remove."""
        if self._burying is not None:
            await self._burying

    def _set(self, group: Cgroup, limits: dict[str, int]) -> list[str]:
        assert self._delegation is not None
        problems = []
        for key, value in limits.items():
            controller, _, file = _FILES[key].partition(".")
            if controller not in self._delegation.controllers:
                if key != "memory_max":  # for which there is a second best
                    problems.append(_unmet(key, value, f"the {controller} controller is not there"))
                continue
            try:
                group.set(f"{controller}.{file}", value)
            except OSError as reason:
                problems.append(_unmet(key, value, str(reason)))
        if "memory" in self._delegation.controllers:
            with suppress(OSError):  # a flow is the unit of failure: for want of memory all of it is killed, or nothing
                group.set("memory.oom.group", 1)
        return problems

    async def _remove_dying(self) -> None:
        while self._dying:
            for group, deadline_s in list(self._dying.items()):
                group.kill()  # what was forked while the last kill went through the list
                if not group.remove() and monotonic_s() < deadline_s:
                    continue
                if group.path.exists():
                    logger.warning("cannot remove %s: processes %s do not die", group.path, group.processes())
                del self._dying[group]
            await asyncio.sleep(_POLL_S)


_FILES = {
    "memory_max": "memory.max",
    "memory_high": "memory.high",
    "cpu_weight": "cpu.weight",
    "tasks_max": "pids.max",
}


def _limits(wanted: Resources) -> dict[str, int]:
    values = {key: getattr(wanted, key) for key in _FILES}
    return {key: value for key, value in values.items() if value is not None}


def _unmet(key: str, value: int, why: str) -> str:
    return f"cannot set {key} {value}: {why}"

"""The part of the kernel's tree of cgroups that was given to this daemon, if one was.

systemd gives it with ``Delegate=yes``. Processes may only be in leaves of it once it limits anything, so the daemon
first moves itself into one, ``daemon``; each process of a flow then gets a group in ``flows``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipertd.errors import NotDelegated

_CONTROLLERS = ("cpu", "memory", "pids")
_MARKS = ("user.delegate", "trusted.delegate")  # systemd's; the second one only root can read


@dataclass(frozen=True)
class Delegation:
    """Where groups of flows are made, and which controllers limit them there."""

    flows: Path
    controllers: frozenset[str]


def take_delegation() -> Delegation:
    """Move this process into a leaf of its cgroup, and have the groups beside it limited.

    Raises:
        NotDelegated: the cgroup is not ours, or somebody else is in it too.
    """
    group = own_group()
    if not _is_ours(group):
        raise NotDelegated(f"{group} was not given to this daemon (systemd does that with Delegate=yes)")
    try:
        others = [pid for pid in (group / "cgroup.procs").read_text().split() if int(pid) != os.getpid()]
        if others:
            raise NotDelegated(f"other processes are in {group}: {', '.join(others)}")
        leaf, flows = group / "daemon", group / "flows"
        leaf.mkdir(exist_ok=True)
        flows.mkdir(exist_ok=True)
        (leaf / "cgroup.procs").write_text(f"{os.getpid()}")
        there = (group / "cgroup.controllers").read_text().split()
        wanted = [each for each in _CONTROLLERS if each in there]
        return Delegation(flows, frozenset(_enable(flows, _enable(group, wanted))))
    except OSError as reason:
        raise NotDelegated(f"{group} cannot be divided: {reason}") from reason


def undivide(group: Path) -> None:
    """Have the groups in ``group`` limited no more, so that a process can be started in it again."""
    for each in (group / "flows", group):
        for name in _CONTROLLERS:
            with suppress(OSError):  # it is not there, or did not limit them
                (each / "cgroup.subtree_control").write_text(f"-{name}")


def own_group() -> Path:
    """The folder of the cgroup that this process is in.

    Raises:
        NotDelegated: it is in none of version 2 that can be seen.
    """
    groups = Path("/proc/self/cgroup").read_text().splitlines()
    name = next((line.removeprefix("0::") for line in groups if line.startswith("0::")), None)
    mounts = (line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines())
    mount = next((fields for fields in mounts if fields[fields.index("-") + 1] == "cgroup2"), None)
    if name is None or mount is None:
        raise NotDelegated("there are no cgroups of version 2 here")
    root, folder = mount[3], Path(mount[4])
    if not Path(name).is_relative_to(root):
        raise NotDelegated(f"cgroup {name} cannot be seen from here")
    return folder / Path(name).relative_to(root)


def _is_ours(group: Path) -> bool:
    for mark in _MARKS:
        try:
            if os.getxattr(group, mark) == b"1":
                return True
        except OSError:  # there is none, or this kernel or user cannot read it
            continue
    return os.geteuid() != 0 and group.stat().st_uid == os.geteuid()


def _enable(group: Path, controllers: Iterable[str]) -> list[str]:
    """Have them limit the groups in ``group``; those for which that worked."""
    enabled = []
    for name in controllers:
        try:
            (group / "cgroup.subtree_control").write_text(f"+{name}")
        except OSError:  # what it cannot limit is said when a flow wants it limited
            continue
        enabled.append(name)
    return enabled

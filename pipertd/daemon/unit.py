"""The systemd unit that this process is part of, and what systemd tells of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from pipertd.errors import NotDelegated
from pipertd.supervisor.delegation import own_group

_DEADLINE_S = 5.0


def unit_group() -> Path:
    """The cgroup of the service; its name is the unit's.

    Raises:
        NotDelegated: this process is part of no service.
    """
    group = own_group()
    found = next((each for each in (group, *group.parents) if each.name.endswith(".service")), None)
    if found is None:
        raise NotDelegated(f"{group} is no part of a service")
    return found


def descriptor_room(unit: str) -> int | None:
    """How many descriptors systemd keeps for the unit; None where it does not say."""
    told = dict(line.split("=", 1) for line in _systemctl("show", "--property=LoadState,FileDescriptorStoreMax", unit))
    most = told.get("FileDescriptorStoreMax", "")
    return int(most) if told.get("LoadState") == "loaded" and most.isdecimal() else None


def is_being_stopped(unit: str) -> bool:
    """Whether somebody has asked for its stop, and not for a restart; after a crash nobody has asked for anything."""
    return any(line.split()[1:3] == [unit, "stop"] for line in _systemctl("list-jobs", "--no-legend", unit))


def _systemctl(*arguments: str) -> list[str]:
    """What it prints, a line each; nothing where it cannot be asked."""
    try:
        done = subprocess.run(
            ["systemctl", "--no-pager", *arguments], capture_output=True, text=True, check=False, timeout=_DEADLINE_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines()

"""Limits: how many descriptors and processes the daemon and its flows may have."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipertd.ctl.doctor.finding import Finding, Severity, as_root, quoted
from pipertd.ctl.doctor.machine import in_container
from pipertd.ctl.doctor.unit import Unit, drop_in
from pipertd.definition.model import Pipeline

SUBJECT = "limits"
_OWN_DESCRIPTORS = 128  # of a daemon with some clients
_DESCRIPTORS_A_ROUTINE = 4  # segments and bells
_DESCRIPTORS_A_FLOW = 8  # pidfd, channel, log
_TASKS_A_FLOW = 16  # numpy brings threads of its own
_ENOUGH = 1 << 16


@dataclass(frozen=True)
class Limits:
    """What there may be, and what the definitions need.

    Attributes:
        descriptors: that the daemon may open.
        tasks: processes and threads that there is room for; None where nothing limits them.
        from_daemon: whether the daemon itself said so, and not this shell.
        group: the cgroup that leaves no more tasks; None where it is the user's limit.
    """

    descriptors: int
    descriptors_needed: int
    tasks: int | None
    tasks_needed: int
    from_daemon: bool = False
    group: Path | None = None


def look(pipelines: Sequence[Pipeline], daemons_descriptors: int | None) -> Limits:
    """The limits of the daemon, or where there is none of what would be started from here."""
    flows = [flow for each in pipelines for flow in each.flows]
    routines = sum(len(flow.routines) for flow in flows)
    own = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    tasks, group = _room_for_tasks()
    return Limits(
        _ENOUGH if own == resource.RLIM_INFINITY else daemons_descriptors or own,
        _OWN_DESCRIPTORS + _DESCRIPTORS_A_FLOW * len(flows) + _DESCRIPTORS_A_ROUTINE * routines,
        tasks,
        _TASKS_A_FLOW * len(flows) + routines,
        daemons_descriptors is not None,
        group,
    )


def findings(limits: Limits, unit: Unit | None, *, systemd: bool = True) -> Iterator[Finding]:
    """Limits that the definitions do not fit into."""
    if limits.descriptors < limits.descriptors_needed:
        whose = "the daemon" if limits.from_daemon else "a program started from here"
        what = f"{whose} may open {limits.descriptors} files, and the definitions need {limits.descriptors_needed}"
        by_hand = as_root(f"prlimit --nofile={_ENOUGH} pipertd serve")
        command = by_hand if unit is None else drop_in("files", f"LimitNOFILE={_ENOUGH}")
        yield Finding(Severity.FAULT, SUBJECT, what, "flows that find no descriptor fail to start", command)
    if limits.tasks is not None and limits.tasks < limits.tasks_needed:
        what = (
            f"there is room for {limits.tasks} more processes and threads; the definitions take {limits.tasks_needed}"
        )
        command = drop_in("tasks", "TasksMax=infinity") if unit is not None else _with_tasks(limits, systemd=systemd)
        yield Finding(Severity.RISK, SUBJECT, what, "flows fail to start, or their libraries find no thread", command)


def _with_tasks(limits: Limits, *, systemd: bool) -> str:
    """What starts a daemon that may have more."""
    if systemd:
        return as_root("systemd-run --unit=pipertd -p TasksMax=infinity -p Delegate=yes pipertd serve")
    if limits.group is None:
        return as_root("prlimit --nproc=unlimited:unlimited pipertd serve")
    if in_container():
        return "# the limit is that of this container: start it with a larger one, such as --pids-limit=-1"
    return as_root(f"sh -c {quoted([f'echo max > {limits.group}/pids.max'])}")


def _room_for_tasks() -> tuple[int | None, Path | None]:
    """What the limits of processes and threads leave, of the user's or of the cgroup's, and of which cgroup."""
    room: list[tuple[int, Path | None]] = []
    own = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if own != resource.RLIM_INFINITY:
        room.append((own, None))
    for group in _groups():
        try:
            most, now = ((group / f"pids.{each}").read_text().strip() for each in ("max", "current"))
        except OSError:
            continue
        if most != "max":
            room.append((int(most) - int(now), group))
    return min(room, key=lambda each: each[0], default=(None, None))


def _groups() -> Iterator[Path]:
    """Our cgroup and those around it."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            group = Path("/sys/fs/cgroup") / line.removeprefix("0::/")
            yield from (group, *group.parents)

"""Cgroups: whether the limits of definitions can be kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipertd.ctl.doctor.finding import Finding, Severity, as_root
from pipertd.ctl.doctor.unit import Unit, drop_in
from pipertd.definition.model import Pipeline, Resources

SUBJECT = "cgroups"
_CONTROLLER = {"memory_max": "memory", "memory_high": "memory", "cpu_weight": "cpu", "tasks_max": "pids"}
_NO_SYSTEMD = "# systemd gives cgroups, and does not run here: where it does, the unit of pipertd has them"
_PI = Path("/boot/firmware/cmdline.txt")


@dataclass(frozen=True)
class Groups:
    """What holds flows.

    Attributes:
        missing: why there is nothing; empty where there is.
        controllers: those that limit flows.
    """

    missing: str
    controllers: tuple[str, ...]


def look(unit: Unit | None) -> Groups | None:
    """What a daemon would be given by its unit; None where nobody knows before it runs."""
    if unit is None:
        return None
    if unit.get("Delegate") != "yes":
        return Groups("its unit says Delegate=no", ())
    try:
        return Groups("", tuple(Path("/sys/fs/cgroup/cgroup.controllers").read_text().split()))
    except OSError:
        return Groups("there are no cgroups of version 2 here", ())


def findings(
    groups: Groups | None, unit: Unit | None, pipelines: Sequence[Pipeline], *, systemd: bool = True
) -> Iterator[Finding]:
    """Limits that are asked for and cannot be kept; and what else is missing without cgroups."""
    if groups is None:
        return
    wanted = sorted({each for pipeline in pipelines for each in _wanted(pipeline)})
    if groups.missing:
        why = "without them a limit is none, out of memory has no name, and what a flow leaves behind is not killed"
        severity = Severity.FAULT if wanted else Severity.RISK if unit is not None else Severity.NOTE
        command = _delegated(groups, unit) if systemd else _NO_SYSTEMD
        yield Finding(severity, SUBJECT, f"no cgroup holds the flows: {groups.missing}", why, command)
        return
    for controller in sorted({_CONTROLLER[key] for key in wanted} - set(groups.controllers)):
        keys = ", ".join(key for key in wanted if _CONTROLLER[key] == controller)
        what = f"the kernel does not give the {controller} controller, and definitions set {keys}"
        yield Finding(Severity.FAULT, SUBJECT, what, "these limits do not hold", _enabled(controller))


def _wanted(pipeline: Pipeline) -> Iterator[str]:
    """The keys of its definition that need a cgroup."""
    for flow in pipeline.flows:
        yield from (key for key in _CONTROLLER if getattr(flow.resources, key) != getattr(Resources(), key))


def _delegated(groups: Groups, unit: Unit | None) -> str:
    if "version 2" in groups.missing:
        return _kernel_option("systemd.unified_cgroup_hierarchy=1")
    if unit is None:
        return as_root("systemd-run --unit=pipertd -p Delegate=yes -p KillMode=process pipertd serve")
    return drop_in("delegate", "Delegate=yes")


def _enabled(controller: str) -> str:
    """Some kernels, such as that of the Raspberry Pi, have the memory controller and leave it off."""
    return _kernel_option("cgroup_enable=memory cgroup_memory=1" if controller == "memory" else "cgroup_no_v1=all")


def _kernel_option(option: str) -> str:
    if _PI.exists():
        return as_root(f"sed -i 's/$/ {option}/' {_PI}", "reboot")
    line = f's/^GRUB_CMDLINE_LINUX="/&{option} /'
    return as_root(f"sed -i '{line}' /etc/default/grub", "update-grub", "reboot")

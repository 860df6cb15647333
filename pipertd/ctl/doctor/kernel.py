"""The kernel: whether it has what supervision stands on."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pipertd.ctl.doctor.finding import Finding, Severity
from pipertd.ctl.doctor.machine import in_container, newer_kernel
from pipertd.errors import cause_of

SUBJECT = "kernel"
_GROUP_KILL = (5, 14)  # the first Linux with cgroup.kill
_NEEDED: Mapping[str, Callable[[], int]] = {
    "memfd_create": lambda: os.memfd_create("pipertd-doctor"),
    "pidfd_open": lambda: os.pidfd_open(os.getpid()),
}


@dataclass(frozen=True)
class Kernel:
    """What this kernel can do.

    Attributes:
        release: as ``uname -r`` says it.
        refused: the calls that did not work, with the kernel's reason.
    """

    release: str
    refused: Mapping[str, str] = field(default_factory=dict)


def look() -> Kernel:
    """Try what pipertd needs."""
    refused = {}
    for name, call in _NEEDED.items():
        try:
            os.close(call())
        except OSError as reason:
            refused[name] = cause_of(reason)
    return Kernel(platform.release(), refused)


def findings(kernel: Kernel) -> Iterator[Finding]:
    """What is missing."""
    for call, reason in kernel.refused.items():
        what = f"{call} does not work on Linux {kernel.release}: {reason}"
        why = "flows are watched, and memory handed to them, by it: no pipeline can start"
        yield Finding(Severity.FAULT, SUBJECT, what, why, _allowed())
    if not kernel.refused and _version(kernel.release) < _GROUP_KILL:
        what = f"Linux {kernel.release} cannot kill a cgroup; Linux 5.14 and later can"
        why = "what a flow started in a session of its own outlives it"
        yield Finding(Severity.RISK, SUBJECT, what, why, newer_kernel())


def _allowed() -> str:
    if in_container():
        return "# start this container with `--security-opt seccomp=unconfined`, or with a newer Docker"
    return newer_kernel()


def _version(release: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", release)[:2])

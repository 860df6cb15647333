"""What kind of machine this is, as far as the commands that mend it differ."""

from __future__ import annotations

import re
from pathlib import Path

from pipertd.ctl.doctor.finding import as_root

_CAP_SYS_ADMIN = 21  # capabilities(7)


def has_systemd() -> bool:
    """Whether systemd runs here; its programs may lie here without it."""
    return Path("/run/systemd/system").is_dir()


def in_container() -> bool:
    """Whether the kernel is that of a machine around this one."""
    return Path("/.dockerenv").exists() or Path("/run/.containerenv").exists()


def may_mount() -> bool:
    """Whether root may change file systems here; in most containers it may not."""
    bounds = re.search(r"^CapBnd:\s*(\w+)$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return bounds is None or bool(int(bounds[1], 16) >> _CAP_SYS_ADMIN & 1)


def newer_kernel() -> str:
    """The command that brings the newest kernel of this distribution."""
    if in_container():
        return "# the kernel is that of the machine around this container: look at it there"
    if Path("/usr/bin/apt").exists():
        return as_root("apt update", "apt full-upgrade", "reboot")
    if Path("/usr/bin/dnf").exists():
        return as_root("dnf upgrade", "reboot")
    return "# install a newer kernel of your distribution, and reboot"

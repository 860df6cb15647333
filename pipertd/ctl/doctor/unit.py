"""The systemd unit, as ``systemctl show`` tells it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from pipertd.ctl.doctor.finding import as_root, quoted
from pipertd.ctl.doctor.machine import has_systemd

NAME = "pipertd.service"
_DEADLINE_S = 5.0
Unit = Mapping[str, str]


def look(name: str = NAME) -> Unit | None:
    """The properties of the unit; None where there is no systemd, or no such unit."""
    if not has_systemd():
        return None
    try:
        shown = subprocess.run(
            ["systemctl", "show", name], capture_output=True, text=True, check=False, timeout=_DEADLINE_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    properties = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)
    return properties if properties.get("LoadState") == "loaded" else None


def drop_in(subject: str, *settings: str, name: str = NAME) -> str:
    """The command that gives the unit other settings: a drop-in, and a restart, which leaves all flows running."""
    folder = Path("/etc/systemd/system") / f"{name}.d"
    text = "\\n".join(["[Service]", *settings, ""])
    return as_root(
        f"mkdir -p {folder}",
        f"sh -c {quoted([f'printf {quoted([text])} > {folder}/{subject}.conf'])}",
        "systemctl daemon-reload",
        f"systemctl restart {name.removesuffix('.service')}",
    )

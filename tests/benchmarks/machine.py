"""On what a measurement was made."""

from __future__ import annotations

import os
import platform
import re
from importlib import metadata
from pathlib import Path

_PACKAGES = (
    "pipertd",
    "numpy",
    "msgspec",
    "posix-ipc",
    "iceoryx2",
    "pyzmq",
    "eclipse-zenoh",
    "faster-fifo",
    "dora-rs",
    "PipeRT",
    "supervisor",
)


def machine() -> dict[str, str]:
    """Processor, memory and kernel, in words."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
    }


def versions() -> dict[str, str]:
    """Of Python and of everything that is compared; what is not there is left out."""
    found = {"Python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found

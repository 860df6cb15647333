"""The service as systemd/README.md installs it, in a system that is thrown away, and what it says of itself."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from pipertd.supervisor.cgroup import Cgroup
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
OPT = Path("/opt/pipertd")
DEFINITIONS = Path("/etc/pipertd/pipelines.d")
ROUTINES = Path("/etc/pipertd/routines")
UNITS = Path("/etc/systemd/system")
RUNTIME = Path("/run/pipertd")
STATE = Path("/var/lib/pipertd")
INSTALLED = UNITS / "pipertd.service.d"  # drop-ins
SETTINGS = Path("/etc/pipertd/pipertd.toml")

GROUP = Path("/sys/fs/cgroup/system.slice/pipertd.service")

NUMBERS = """\
pipeline: numbers
flows:
  front: {routines: {count: {class: numbers_for_service:Count, fps: 50}}}
  back:
    resources: {memory_max: 256M, tasks_max: 100, cpu_weight: 50}
    routines: {forget: {class: numbers_for_service:Forget}}
links:
  - {from: count, to: [forget]}
"""
CODE = """\
from pipertd import DestinationRoutine, SourceRoutine


class Count(SourceRoutine):
    def main_logic(self):
        return {"number": self.published}


class Forget(DestinationRoutine):
    def main_logic(self, data):
        pass
"""


def run(*command: str | Path) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}"
    return done.stdout


def shown(what: str) -> str:
    return run("systemctl", "show", "--value", f"--property={what}", "pipertd").strip()


def another_main_than(before: int) -> bool:
    """Whether another process than this is the daemon, and serves.

    Both are asked for at once: between two questions the old one may die, and the new one not serve yet.
    """
    told = run("systemctl", "show", "--property=ActiveState,MainPID", "pipertd").splitlines()
    state = dict(line.split("=", 1) for line in told)
    return state["ActiveState"] == "active" and int(state["MainPID"]) not in (0, before)


def until_another_main(before: int) -> None:
    wait_until(lambda: another_main_than(before), what="another daemon")


def processes() -> set[int]:
    """All that are in the unit's cgroup, which may go while it is looked at."""
    return {pid for folder, *_ in os.walk(GROUP) for pid in Cgroup(Path(folder)).processes()}


def journal(*matches: str) -> str:
    """What the journal has, with all that was written before this was asked."""
    run("journalctl", "--sync")
    return run("journalctl", "--no-pager", "--output=cat", *matches)


def flows() -> dict[str, Any]:
    status = json.loads(run("pipertctl", "-o", "json", "status"))
    return {flow["name"]: flow for each in status["pipelines"] for flow in each["flows"]}


def delivered() -> int:
    status = json.loads(run("pipertctl", "-o", "json", "status"))
    return sum(int(link["delivered"]) for each in status["pipelines"] for link in each["links"])


def start_and_deliver() -> None:
    """Messages pass from one flow to the other, both of them in the sandbox."""
    run("systemctl", "start", "pipertd")
    wait_until(lambda: {flow["state"] for flow in flows().values()} == {"RUNNING"}, what="all flows to run")
    wait_delivery()


def wait_delivery() -> None:
    """Return when messages have passed since."""
    so_far = delivered()
    wait_until(lambda: delivered() > so_far + 10, what="messages pass")


def install(scratch: Path) -> None:
    """What systemd/README.md says, from the interpreter that a service's user may use."""
    run("/usr/bin/python3", "-m", "venv", OPT)
    lock = ROOT / "packaging/requirements-dev.lock"
    for each in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / each, scratch)
    shutil.copytree(ROOT / "pipertd", scratch / "pipertd")
    run(
        OPT / "bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-c",
        lock,
        f"{scratch}[http]",
    )
    run("ln", "-s", *(OPT / "bin" / each for each in ("pipertd", "pipertctl", "pipertd-http")), "/usr/bin/")
    shutil.copy(ROOT / "systemd/pipertd.sysusers", "/usr/lib/sysusers.d/pipertd.conf")
    run("systemd-sysusers")
    shutil.copy(ROOT / "systemd/pipertd.tmpfiles", "/usr/lib/tmpfiles.d/pipertd.conf")
    run("systemd-tmpfiles", "--create", "pipertd.conf")
    for unit in ("pipertd.service", "pipertd-http.service"):
        shutil.copy(ROOT / "systemd" / unit, UNITS)
    shutil.copy(ROOT / "packaging/pipertd.catalog", "/usr/lib/systemd/catalog/")
    run("journalctl", "--update-catalog")
    (ROUTINES / "numbers_for_service.py").write_text(CODE)
    (DEFINITIONS / "numbers.yaml").write_text(NUMBERS)
    run("systemctl", "daemon-reload")

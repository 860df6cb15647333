"""``python machine_story.py``: what becomes of flows with limits, in a machine of their own; prints it as one document.

It uses nothing but Python itself and the daemon, because everything takes twenty times as long where processors are
emulated. ``test_machine.py`` has it run, and says what must be true of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SCRATCH = Path("/tmp/story")
UNIT = "pipertd.service"
GROUPS = Path("/sys/fs/cgroup/system.slice") / UNIT
DEADLINE_S = 600.0
LIMITS = ("memory.max", "memory.high", "cpu.weight", "pids.max")

FILLS, CHILD = SCRATCH / "fills", SCRATCH / "child"
PATIENT = {"start": "10min", "progress": "10min", "contact": "10min", "stop": "1min"}  # below what systemd waits
DEFINITION = {
    "pipeline": "p",
    "path": [str(HERE)],
    "shm_limit": "16M",
    "flows": {
        "source": {
            "watchdog": PATIENT,
            "routines": {"count": {"class": "machine_routines:Count", "fps": 5}},
        },
        "neighbour": {
            "watchdog": PATIENT,
            "routines": {"leave": {"class": "machine_routines:Leave", "params": {"file": str(CHILD)}}},
            "resources": {"memory_max": "256M", "memory_high": "200M", "cpu_weight": 50, "tasks_max": 40},
        },
        "hoarder": {
            "watchdog": PATIENT,
            "routines": {"hoard": {"class": "machine_routines:Hoard", "params": {"when": str(FILLS)}}},
            "resources": {"memory_max": "64M"},
        },
    },
    "links": [{"from": "count", "to": ["leave", "hoard"]}],
}


def main() -> None:
    """Tell the story."""
    told: dict[str, Any] = {}
    start_daemon()
    for name in ("source", "neighbour", "hoarder"):
        until_running(name, 1)
    told["pids"] = pids = started(1)
    told["daemon"] = [daemon(), *map(int, (GROUPS / "daemon/cgroup.procs").read_text().split())]
    told["limits"] = {file: (group("neighbour", pids) / file).read_text().strip() for file in LIMITS}

    FILLS.touch()
    until_running("hoarder", 2)
    told["killed"] = [notice for notice in notices("flow_exited") if notice["flow"] == "hoarder"]
    told["hoarder's group stayed"] = group("hoarder", pids).exists()
    told["alive behind it"] = [name for name in ("source", "neighbour") if Path(f"/proc/{pids[name]}").exists()]
    told["daemon behind it"] = daemon()

    os.kill(daemon(), signal.SIGKILL)
    wait_until(lambda: len(notices("flow_adopted")) == 3, "a new daemon has adopted all flows")
    told["another daemon"] = daemon() not in (0, told["daemon behind it"])
    told["limits behind it"] = {file: (group("neighbour", pids) / file).read_text().strip() for file in LIMITS}
    told["alive behind both"] = [name for name in ("source", "neighbour") if Path(f"/proc/{pids[name]}").exists()]

    child = int(CHILD.read_text())
    run("systemctl", "stop", UNIT)
    told["child stayed"] = Path(f"/proc/{child}").exists()
    told["groups stayed"] = GROUPS.exists()
    told["kinds"] = sorted({notice["kind"] for notice in notices()})
    print(json.dumps(told))


def start_daemon() -> None:
    """Have systemd start it by the unit that ships, but for what protects the rest of the system; then it serves."""
    definitions = SCRATCH / "definitions"
    definitions.mkdir(parents=True)
    (definitions / "p.yaml").write_text(json.dumps(DEFINITION))
    folders = f"--definitions {definitions} --runtime-dir {SCRATCH}/run --state-dir {SCRATCH}/state"
    serve = f"{sys.executable} -m pipertd.daemon serve {folders}"
    own = {"ExecStart": serve, "WorkingDirectory": HERE.parents[1], "WatchdogSec": 0, "TimeoutStartSec": DEADLINE_S}
    own["ExecStopPost"] = f"{sys.executable} -m pipertd.daemon after-stop"
    kept = ("Type", "Restart", "RestartKillSignal", "KillMode", "TimeoutStopSec", "Delegate", "FileDescriptorStoreMax")
    shipped = (HERE.parents[1] / "systemd/pipertd.service").read_text()
    lines = [line for line in shipped.splitlines() if line.partition("=")[0] in kept]
    lines += [f"{key}={value}" for key, value in own.items()]
    Path("/etc/systemd/system", UNIT).write_text("\n".join(["[Service]", *lines, ""]))
    run("systemctl", "daemon-reload")
    run("systemctl", "start", UNIT)


def run(*command: str) -> str:
    """What it prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def daemon() -> int:
    """Its process id."""
    return int(run("systemctl", "show", "--value", "--property=MainPID", UNIT))


def notices(kind: str = "") -> list[dict[str, Any]]:
    """What the daemon recorded."""
    lines = (SCRATCH / "state/notices.jsonl").read_text().split("\n")[1:-1]  # behind the last end one is being written
    return [each for each in map(json.loads, lines) if kind in ("", each["kind"])]


def until_running(flow: str, generation: int) -> None:
    """Return when this generation of a flow is RUNNING, or was."""

    def runs() -> bool:
        changes = [each for each in notices("flow_state_changed") if each["details"]["to"] == "RUNNING"]
        return (flow, str(generation)) in {(each["flow"], each["details"]["generation"]) for each in changes}

    wait_until(runs, f"generation {generation} of {flow} runs")


def started(generation: int) -> dict[str, int]:
    """The process ids of one generation of each flow."""
    found = [each for each in notices("flow_started") if each["details"]["generation"] == str(generation)]
    return {each["flow"]: int(each["details"]["pid"]) for each in found}


def group(flow: str, pids: dict[str, int]) -> Path:
    """The folder of its cgroup."""
    return GROUPS / f"flows/p.{flow}.{pids[flow]}"


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Return when it holds; the story ends here, with the notices, where it takes too long."""
    end_s = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end_s:
            raise SystemExit(f"waited {DEADLINE_S:g} s until {what}:\n{json.dumps(notices(), indent=1)}")
        time.sleep(0.2)


if __name__ == "__main__":
    main()

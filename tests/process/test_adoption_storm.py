"""A storm of kill -9 over flows and daemons alike: nothing is lost, doubled or left behind."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from tests.process.definitions import HERE
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until

STORM_S = 60.0


def define(daemon: Daemon) -> tuple[Path, Path]:
    """The pipeline a → b → c with a second reader d of a; returns what c and d write."""
    far, near = daemon.folder / "far", daemon.folder / "near"
    at_once = {"restart": {"backoff": "1ms..1ms", "limit": "10000 in 60s"}}

    def flow(class_name: str, **params: object) -> dict[str, object]:
        return {"routines": {"r": {"class": f"routines:{class_name}", "params": params}}, **at_once}

    document = {
        "pipeline": "p",
        "path": [str(HERE)],
        "shm_limit": "16M",
        "flows": {
            "a": flow("Count"),
            "b": flow("Pass"),
            "c": flow("Write", file=str(far), pause_s=0.0005),
            "d": flow("Write", file=str(near), pause_s=0.0005),
        },
        "links": [{"from": "a/r", "to": ["b/r", "d/r"]}, {"from": "b/r", "to": ["c/r"], "depth": 1}],
    }
    (daemon.definitions / "p.yaml").write_text(json.dumps(document))
    return far, near


def written(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0


def living(daemon: Daemon) -> list[int]:
    """The processes of the flows that are on record."""
    found = msgspec.msgpack.decode((daemon.runtime / "p.run").read_bytes())
    return [each["living"]["process"]["pid"] for each in found["flows"].values() if each["living"]]


def kill_some(daemon: Daemon, chance: random.Random, most: int) -> None:
    """SIGKILL to some of the flows: to none, or to all of them, if there are no more than ``most``."""
    pids = [pid for pid in living(daemon) if Path(f"/proc/{pid}").exists()]
    for pid in chance.sample(pids, chance.randint(0, min(most, len(pids)))):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_storm_over_flows_and_daemons(daemon: Daemon, kept: Callable[[], None]) -> None:
    """Whoever dies in a minute, everybody at once too: each number is written once, in order, and the counts agree."""
    far, near = define(daemon)
    chance = random.Random(1)
    kept()
    end_s = time.monotonic() + STORM_S
    while time.monotonic() < end_s:
        goal = written(far) + chance.randrange(20, 200)
        wait_until(lambda goal=goal: written(far) >= goal, DEADLINE_S, "progress")  # type: ignore[misc]
        kill_some(daemon, chance, most=1)
        if chance.random() < 0.4:
            daemon.kill()
            kill_some(daemon, chance, most=4)
            kept()
    goal = written(far) + 100
    wait_until(lambda: written(far) >= goal, DEADLINE_S, "progress behind the storm")
    wait_until(lambda: daemon.ctl("stop", "p").returncode == 0, DEADLINE_S, "the stop")
    links = daemon.status("p")["links"]
    assert all(link["produced"] == link["delivered"] for link in links)
    produced = {link["produced"] for link in links}
    assert len(produced) == 1
    for file in (far, near):
        assert [int(line) for line in file.read_text().split()] == list(range(*produced))
    assert not daemon.notices("pipeline_lost")
    assert len(daemon.notices("pipeline_adopted")) > 0
    assert daemon.stop() == 0
    assert list(daemon.runtime.iterdir()) == []

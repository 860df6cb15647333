from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipertd.ctl.doctor.limits import Limits, findings, look
from pipertd.ctl.doctor.machine import in_container
from tests.unit.ctl.doctor.mending import only, pipeline

ROOT = Path(__file__).parents[4]
LOOK = """
from pipertd.ctl.doctor.limits import findings, look
from tests.unit.ctl.doctor.mending import pipeline
for each in findings(look([pipeline()], None), None):
    print(each.what)
    print(each.command)
"""


FEW = "ulimit -Sn 100 && ulimit -Hn 100"


def in_a_shell(beginning: str, *before: str) -> list[str]:
    done = subprocess.run(
        ["sh", "-c", f'{beginning} && exec "$@"', "sh", *before, sys.executable, "-c", LOOK],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=ROOT,
    )
    return done.stdout.splitlines()


def may_raise_limits() -> bool:
    """Whether this user has CAP_SYS_RESOURCE."""
    return subprocess.run(["sh", "-c", f"{FEW} && ulimit -n 200"], capture_output=True, check=False).returncode == 0


def test_few_descriptors_are_found() -> None:
    """A shell with a low limit is told of it, with the need."""
    what, command = in_a_shell(FEW)
    assert what == "a program started from here may open 100 files, and the definitions need 140"
    assert command.endswith("prlimit --nofile=65536 pipertd serve")


@pytest.mark.skipif(not may_raise_limits(), reason="needs the capability to raise limits")
def test_the_command_gives_enough_descriptors() -> None:
    """What is started by the command has nothing to say."""
    _, command = in_a_shell(FEW)
    assert in_a_shell(FEW, *command.removesuffix("pipertd serve").split()) == []


def test_the_daemons_own_limit_counts_where_it_says_one() -> None:
    """What this shell may open is no matter to a daemon that runs."""
    finding = only(findings(look([pipeline()], 64), {"LoadState": "loaded"}))
    assert finding.what == "the daemon may open 64 files, and the definitions need 140"
    assert "LimitNOFILE=65536" in finding.command


def test_no_room_for_threads_is_a_risk() -> None:
    """The drop-in is for systemd, which limits tasks by itself."""
    finding = only(findings(Limits(1 << 20, 100, tasks=3, tasks_needed=17), {"LoadState": "loaded"}))
    assert "TasksMax=infinity" in finding.command


def test_without_systemd_the_limit_itself_is_raised() -> None:
    """The user's for the daemon that is started, the cgroup's where it stands."""
    of_user = Limits(1 << 20, 100, tasks=3, tasks_needed=17)
    assert only(findings(of_user, None)).command.endswith(
        "systemd-run --unit=pipertd -p TasksMax=infinity -p Delegate=yes pipertd serve"
    )
    assert only(findings(of_user, None, systemd=False)).command.endswith(
        "prlimit --nproc=unlimited:unlimited pipertd serve"
    )
    of_group = only(findings(replace(of_user, group=Path("/sys/fs/cgroup/x")), None, systemd=False)).command
    raised = "echo max > /sys/fs/cgroup/x/pids.max"
    assert "--pids-limit=-1" in of_group if in_container() else raised in of_group


@pytest.mark.skipif(not may_raise_limits(), reason="needs the capability to raise limits")
def test_the_command_gives_enough_tasks() -> None:
    """What is started by it has no limit of its user's any more."""
    (command,) = (each.command for each in findings(Limits(1 << 20, 1, tasks=3, tasks_needed=17), None, systemd=False))
    show = f"{sys.executable} -c 'import resource; print(resource.getrlimit(resource.RLIMIT_NPROC))'"
    told = subprocess.run(
        ["prlimit", "--nproc=4000:4000", "sh", "-c", command.replace("pipertd serve", show)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert told.stdout == "(-1, -1)\n"

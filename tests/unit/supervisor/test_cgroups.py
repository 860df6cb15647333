"""Groups of the kernel's: what is held, what is said where nothing holds, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from pipertd.definition.model import Resources
from pipertd.errors import NotDelegated
from pipertd.supervisor.cgroup import Cgroup
from pipertd.supervisor.cgroups import Cgroups, Held
from pipertd.supervisor.delegation import Delegation, own_group, take_delegation
from pipertd.supervisor.procfs import state
from tests.scratch_cgroup import scratch_delegation

ALL = Resources(memory_max=1 << 26, memory_high=1 << 25, cpu_weight=50, tasks_max=20)
SLEEPS = [sys.executable, "-c", "import time; time.sleep(3600)"]
FORKS_AWAY = (
    "import os, time\nif os.fork() == 0:\n    os.setsid()\n    print(os.getpid(), flush=True)\ntime.sleep(3600)"
)


@pytest.fixture
def delegation() -> Iterator[Delegation]:
    with scratch_delegation() as one:
        yield one


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEPS) as process:
        yield process
        process.kill()


def test_a_process_gets_a_group_of_its_own(delegation: Delegation, sleeper: subprocess.Popen[bytes]) -> None:
    """It is in the group that is called after it; held again it stays there, and another daemon finds it there."""
    cgroups = Cgroups(delegation)
    held = cgroups.hold(sleeper.pid, "p.b", Resources())
    assert held == Held(Cgroup(delegation.flows / f"p.b.{sleeper.pid}"), [], limits_memory=False)
    assert held.group is not None
    assert held.group.processes() == [sleeper.pid]
    assert cgroups.hold(sleeper.pid, "p.b", Resources()) == held
    assert Cgroups(delegation).find(sleeper.pid, "p.b", Resources()) == held.group
    assert Cgroups(delegation).find(sleeper.pid, "p.c", Resources()) is None
    assert Cgroups().find(sleeper.pid, "p.b", Resources()) is None


def test_nothing_gets_away_from_its_group(delegation: Delegation) -> None:
    """What made a session of its own dies with the others, and the group is gone when all are dead."""
    cgroups = Cgroups(delegation)
    with subprocess.Popen([sys.executable, "-c", f"input()\n{FORKS_AWAY}"], stdin=-1, stdout=-1) as process:
        assert process.stdin is not None and process.stdout is not None
        group = cgroups.hold(process.pid, "p.b", Resources()).group
        assert group is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        grandchild = int(process.stdout.readline())
        assert sorted(group.processes()) == sorted([process.pid, grandchild])

        async def bury() -> None:
            cgroups.bury(group)
            await cgroups.close()

        asyncio.run(bury())
        assert not group.path.exists()
        assert state(grandchild) in ("", "Z", "X")


def test_limits_without_their_controllers_are_said(delegation: Delegation, sleeper: subprocess.Popen[bytes]) -> None:
    """Each limit that the group cannot have is named, but for the one that there is a second best for."""
    assert Cgroups(delegation).hold(sleeper.pid, "p.b", ALL).problems == [
        f"cannot set memory_high {1 << 25}: the memory controller is not there",
        "cannot set cpu_weight 50: the cpu controller is not there",
        "cannot set tasks_max 20: the pids controller is not there",
    ]


def test_limits_without_groups_are_said() -> None:
    """A daemon without a delegation says which limits its flows do not have, and why."""
    held = Cgroups(why_not="nobody gave one").hold(1, "p.b", ALL)
    assert (held.group, held.limits_memory) == (None, False)
    assert held.problems == [
        f"cannot set memory_high {1 << 25}: nobody gave one",
        "cannot set cpu_weight 50: nobody gave one",
        "cannot set tasks_max 20: nobody gave one",
    ]
    assert Cgroups().hold(1, "p.b", Resources(nice=3, memory_max=1 << 26)).problems == []


def test_pressure_is_shares(delegation: Delegation, sleeper: subprocess.Popen[bytes]) -> None:
    """What the kernel tells of a group in percent is a share of the time."""
    group = Cgroups(delegation).hold(sleeper.pid, "p.b", Resources()).group
    assert group is not None
    pressure = group.pressure()
    assert (pressure is not None) == (group.path / "cpu.pressure").exists()
    assert all(0 <= share <= 1 for share in pressure or ())
    assert Cgroup(delegation.flows / "missing").pressure() is None


def test_usage_needs_the_controllers(delegation: Delegation, sleeper: subprocess.Popen[bytes]) -> None:
    """A group tells what is used in it where it counts both; else nothing, and its process is looked at alone."""
    group = Cgroups(delegation).hold(sleeper.pid, "p.b", Resources()).group
    assert group is not None
    usage = group.usage()
    assert (usage is not None) == (group.path / "memory.current").exists()
    assert all(each >= 0 for each in usage or ())


def test_empty_groups_of_an_earlier_daemon_go(delegation: Delegation, sleeper: subprocess.Popen[bytes]) -> None:
    """A new daemon removes what nobody is in, and leaves alone who lives."""
    living = Cgroups(delegation).hold(sleeper.pid, "p.b", Resources()).group
    assert living is not None
    (delegation.flows / "p.b.1").mkdir()
    Cgroups(delegation)
    assert [each for each in delegation.flows.iterdir() if each.is_dir()] == [living.path]


def test_a_group_that_is_gone_does_no_harm(delegation: Delegation) -> None:
    """Between a death and its burial groups may vanish."""
    group = Cgroup(delegation.flows / "missing")
    group.kill()
    assert (group.processes(), group.oom_kills(), group.remove()) == ([], 0, True)


def test_a_process_that_is_gone_has_no_group(delegation: Delegation) -> None:
    """Its death is told by others, and no group of it stays."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert Cgroups(delegation).hold(process.pid, "p.b", ALL) == Held(None, [])
    assert not [each for each in delegation.flows.iterdir() if each.is_dir()]


def test_a_group_that_cannot_be_made_is_said(delegation: Delegation, sleeper: subprocess.Popen[bytes]) -> None:
    """Where the kernel refuses, the flow runs without a group, and it is said why."""
    missing = Delegation(delegation.flows / "missing", frozenset())
    missing.flows.mkdir()
    cgroups = Cgroups(missing)
    missing.flows.rmdir()
    held = cgroups.hold(sleeper.pid, "p.b", Resources())
    assert held.group is None
    assert held.problems[0].startswith("cannot have a cgroup of its own: [Errno 2]")


def test_a_group_that_was_not_given_is_left_alone() -> None:
    """A daemon that was started by hand divides nothing, and stays where it is."""
    try:
        before = own_group()
    except NotDelegated as reason:
        pytest.skip(f"needs a cgroup of version 2: {reason}")
    with pytest.raises(NotDelegated, match=r"was not given to this daemon|other processes are in"):
        take_delegation()
    assert own_group() == before
    assert not (before / "daemon").exists()

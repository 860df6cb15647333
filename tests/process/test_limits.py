"""Flows with limits, with a cgroup of their own and without one. What needs controllers is in tests/system."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipertd.definition.model import Resources
from pipertd.names import Target
from pipertd.supervisor.delegation import Delegation
from pipertd.supervisor.procfs import state
from pipertd.supervisor.view import NoticeKind, State
from tests.process.supervised import Live, chain, flow, go
from tests.scratch_cgroup import scratch_delegation

P = Target("p")


@pytest.fixture
def delegation() -> Iterator[Delegation]:
    with scratch_delegation() as one:
        yield one


def groups(delegation: Delegation) -> set[str]:
    return {each.name for each in delegation.flows.iterdir() if each.is_dir()}


def test_unmet_limits_are_said_once(tmp_path: Path) -> None:
    """A flow whose limits cannot all be had runs, and one notice tells which, however often it is restarted."""
    limited = replace(flow("b", "Write", file=tmp_path / "n"), resources=Resources(cpu_weight=20, tasks_max=99, nice=1))

    async def story(live: Live) -> None:
        await live.until_handled(1)
        assert os.getpriority(os.PRIO_PROCESS, live.pid("b")) == 1
        os.kill(live.pid("b"), signal.SIGKILL)
        await live.until(lambda: (live.flow("b").generation, live.flow("b").state) == (2, State.RUNNING), "restarted")
        (notice,) = live.notices(NoticeKind.LIMITS_UNMET)
        assert notice.flow == "b"
        assert "cannot set cpu_weight 20: " in notice.message
        assert "cannot set tasks_max 99: " in notice.message

    go(tmp_path, chain(flow("a", "Count"), limited), story)


@pytest.mark.parametrize("crash", [False, True])
def test_group_takes_all_of_its_flow_along(tmp_path: Path, delegation: Delegation, crash: bool) -> None:
    """Where a cgroup holds a flow, not even a grandchild with a session of its own outlives it, and no group stays."""
    file = tmp_path / "child"

    async def story(live: Live) -> None:
        await live.until_handled(1)
        assert groups(delegation) == {f"p.a.{live.pid('a')}", f"p.b.{live.pid('b')}"}
        child = int(file.read_text())
        if crash:
            os.kill(live.pid("b"), signal.SIGKILL)
            await live.until(lambda: live.flow("b").generation == 2, "restarted")
        else:
            await live.supervisor.stop(P)
        await live.until(lambda: state(child) in ("", "Z", "X"), "the grandchild's end")
        await live.supervisor.stop(P)
        await live.until(lambda: not groups(delegation), "no groups")
        assert not live.notices(NoticeKind.PROCESSES_LEFT)

    go(tmp_path, chain(flow("a", "Count"), flow("b", "Fork", file=file, away=True)), story, delegation)


def test_standby_keeps_its_group(tmp_path: Path, delegation: Delegation) -> None:
    """A standby is in a group from its start, which is that of the generation that it becomes."""
    sink = replace(flow("b", "Write", file=tmp_path / "n"), standby=True)
    tells_pressure = Path("/proc/pressure").exists()

    async def story(live: Live) -> None:
        await live.until_handled(1)
        first = {f"p.a.{live.pid('a')}", f"p.b.{live.pid('b')}"}
        (standby,) = await live.until(lambda: groups(delegation) - first, "the standby's group")
        os.kill(live.pid("b"), signal.SIGKILL)
        await live.until(lambda: live.flow("b").generation == 2 and live.flow("b").pid, "taken over")
        assert f"p.b.{live.pid('b')}" == standby
        assert (live.flow("b").pressure is not None) == tells_pressure

    go(tmp_path, chain(flow("a", "Count"), sink), story, delegation)

"""Custody: the daemon and all flows may die at once, and where a service manager kept their memory the run goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from pipertd.supervisor.failure import Failure
from pipertd.supervisor.procfs import Identity, open_files
from tests.keeper import Keeper
from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.process.test_adoption import (
    QUICK,
    flow,
    grows,
    lives,
    paused_routines,
    record,
    stop_and_compare,
    wait_state,
)
from tests.waiting import wait_until

DEPTH = 32
DEEP: dict[str, Any] = {"links": [{"from": "count", "to": ["sink"], "depth": DEPTH}]}


def segments(daemon: Daemon) -> set[Identity]:
    """All that the run on record has in shared memory."""
    found: dict[str, Any] = record(daemon)["segments"]
    homes = [home[what] for home in found["homes"] for what in ("ledger", "pool", "bell") if home[what]]
    return {Identity(*each) for each in [found["guards"], *homes]}


def wait_successors(daemon: Daemon, generation: int) -> None:
    """Return when both flows run in this generation."""
    for name in ("a", "b"):
        wait_until(partial(is_running, daemon, name, generation), DEADLINE_S, f"generation {generation} of {name}")


def is_running(daemon: Daemon, name: str, generation: int) -> bool:
    found = flow(daemon, name)
    return (found.get("generation"), found.get("state")) == (generation, "RUNNING")


def kill_all(daemon: Daemon, pids: Iterable[int]) -> None:
    """The daemon first, and it is dead before its flows die."""
    daemon.kill()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(map(lives, pids)), DEADLINE_S, "the death of all flows")


def test_a_run_outlives_the_death_of_everybody(daemon: Daemon, manager: Keeper, kept: Callable[[], None]) -> None:
    """Its flows are judged and restarted, and every number arrives once, in order, over several such deaths."""
    file = daemon.folder / "numbers"
    more: dict[str, Any] = {"sink_flow": QUICK, **DEEP}
    write_definition(daemon.definitions / "p.yaml", counts(), writes(file, 0.001), **more)
    kept()
    for death in (1, 2, 3):
        wait_until(grows(file), DEADLINE_S, "numbers")
        pids = [wait_state(daemon, name, "RUNNING")["pid"] for name in ("a", "b")]
        assert sorted(manager.identities) == sorted(segments(daemon))
        kill_all(daemon, pids)
        kept()
        for name in ("a", "b"):
            failure = daemon.wait_for("flow_exited", name, count=death)["details"]["failure"]
            assert failure in (Failure.UNKNOWN, Failure.KILLED)  # known where nobody had reaped it yet
        wait_successors(daemon, death + 1)
    wait_until(grows(file), DEADLINE_S, "numbers of the last ones")
    assert not daemon.notices("pipeline_lost")
    stop_and_compare(daemon, file)
    wait_until(lambda: not manager.kept, DEADLINE_S, "nothing to be kept any more")


def test_what_was_in_flight_is_delivered(daemon: Daemon, manager: Keeper, kept: Callable[[], None]) -> None:
    """What waited for a paused flow when everybody died is counted as before, and is there when it is resumed."""
    file = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(), writes(file), sink_flow=QUICK, **DEEP)
    kept()
    wait_until(grows(file), DEADLINE_S, "numbers")
    assert daemon.ctl("pause", "p/b").returncode == 0
    wait_until(lambda: "b/sink" in paused_routines(daemon), DEADLINE_S, "nothing to be in hand")
    wait_until(lambda: link(daemon)["waiting"] == DEPTH, DEADLINE_S, "a full link")
    before = link(daemon)
    kill_all(daemon, [wait_state(daemon, name, "RUNNING")["pid"] for name in ("a", "b")])
    kept()
    wait_successors(daemon, 2)
    now = link(daemon)
    assert {key: now[key] for key in ("produced", "delivered", "waiting")} == {
        "produced": before["produced"],
        "delivered": before["delivered"],
        "waiting": DEPTH,
    }
    assert daemon.ctl("resume", "p/b").returncode == 0
    wait_until(grows(file, 2 * DEPTH), DEADLINE_S, "what waited, and more")
    stop_and_compare(daemon, file)


def link(daemon: Daemon) -> dict[str, Any]:
    """The counts of the only link, as numbers."""
    (found,) = daemon.status("p").get("links") or [{"produced": 0, "delivered": 0, "waiting": 0}]
    return {key: int(found[key]) for key in ("produced", "delivered", "waiting")}


def test_a_run_that_only_waits_for_its_next_start_is_kept(
    daemon: Daemon, manager: Keeper, kept: Callable[[], None]
) -> None:
    """No process of it is there when the daemon is killed; the next one starts them when their time has come."""
    file = daemon.folder / "numbers"
    slow = {"restart": {"backoff": "3s..3s", "limit": "1000 in 60s"}}  # time for a daemon to be killed in
    source, sink = {"routines": {"count": counts()}}, {"routines": {"sink": writes(file, 0.001)}}
    flows = {"a": {**source, **slow}, "b": {**sink, **slow}}
    write_definition(daemon.definitions / "p.yaml", counts(), writes(file), flows=flows, **DEEP)
    kept()
    wait_until(grows(file), DEADLINE_S, "numbers")
    for pid in [wait_state(daemon, name, "RUNNING")["pid"] for name in ("a", "b")]:
        os.kill(pid, signal.SIGKILL)

    def all_wait() -> bool:
        return all(each["state"] == "BACKING_OFF" for each in record(daemon)["flows"].values())

    wait_until(all_wait, DEADLINE_S, "both to wait for their next start")
    daemon.kill()
    kept()
    wait_successors(daemon, 2)
    wait_until(grows(file), DEADLINE_S, "numbers")
    stop_and_compare(daemon, file)


def test_what_was_kept_for_nobody_is_let_go(daemon: Daemon, manager: Keeper, kept: Callable[[], None]) -> None:
    """A run of which nothing is on record is closed, and its memory is free."""
    file = daemon.folder / "numbers"
    write_definition(daemon.definitions / "p.yaml", counts(), writes(file, 0.001))
    kept()
    wait_until(grows(file), DEADLINE_S, "numbers")
    old = segments(daemon)
    kill_all(daemon, [wait_state(daemon, name, "RUNNING")["pid"] for name in ("a", "b")])
    (daemon.runtime / "p.run").unlink()
    kept()
    daemon.wait_for("flow_started", "b", count=2)
    wait_until(lambda: not old & set(manager.identities), DEADLINE_S, "the old ones to be let go")
    assert daemon.process is not None
    assert not old & open_files(daemon.process.pid).keys()
    assert daemon.stop() == 0


def test_what_was_kept_is_given_to_no_other_pipeline(daemon: Daemon, manager: Keeper, kept: Callable[[], None]) -> None:
    """A flow that is started by the next daemon holds all of its own run, and nothing of another."""
    for name in ("p", "q"):
        write_definition(daemon.definitions / f"{name}.yaml", counts(), writes(daemon.folder / name, 0.001))
    kept()
    for name in ("p", "q"):
        wait_until(grows(daemon.folder / name), DEADLINE_S, f"numbers of {name}")
    status = [daemon.status(name)["flows"] for name in ("p", "q")]
    kill_all(daemon, [each["pid"] for flows in status for each in flows])
    ours = segments(daemon)
    others = set(manager.identities) - ours
    kept()
    wait_successors(daemon, 2)
    pid = wait_state(daemon, "b", "RUNNING")["pid"]
    held = open_files(pid).keys()
    assert ours <= held
    assert others
    assert not others & held
    assert daemon.stop() == 0
    wait_until(lambda: not manager.kept, DEADLINE_S, "nothing to be kept any more")

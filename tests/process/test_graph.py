"""pipertctl graph of a pipeline that runs, and of files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon
from tests.waiting import wait_until


def test_a_running_pipeline_is_drawn_with_what_is_blocked(daemon: Daemon) -> None:
    """Its states are said, and where a paused flow takes nothing, who is blocked by it and what waits."""
    write_definition(daemon.definitions / "p.yaml", counts(), writes(daemon.folder / "numbers"))
    daemon.start()
    wait_until(lambda: daemon.status("p").get("state") == "RUNNING", DEADLINE_S, "p to run")
    daemon.ctl("pause", "p/b")
    wait_until(lambda: is_stalled(daemon.status("p")), DEADLINE_S, "the link to be full")
    lines = daemon.ctl("graph", "p").stdout.splitlines()
    assert lines[0] == "p: RUNNING"
    assert [line.partition("  ")[0] for line in lines[2:]] == ["● a/count", "│", "● b/sink"]
    assert "count → sink: 4 of 4 waiting, blocked by b/sink" in lines[3]
    assert "RUNNING, paused" in lines[4]
    assert "color=red" in daemon.ctl("graph", "p", "--format", "dot").stdout
    assert daemon.ctl("graph", "p/b/sink").stdout.count("●") == 2  # with its neighbour
    assert daemon.ctl("graph", "nowhere").returncode == 4
    assert daemon.ctl("graph", "p/c").returncode == 4


def is_stalled(status: dict[str, Any]) -> bool:
    """Whether b takes nothing, and a has no room left."""
    (link,) = status["links"]
    sink = next(each for each in status["routines"] if each["name"] == "sink")
    return (sink["state"], link["waiting"], link["blocked_by"]) == ("PAUSED", 4, "b/sink (paused)")


def test_a_file_is_drawn_without_a_daemon(tmp_path: Path) -> None:
    """Also one with a problem, which is said; one that says nothing is exit 5."""
    file = write_definition(
        tmp_path / "p.yaml", counts(), writes(tmp_path / "n"), links=[{"from": "count", "to": ["sin"]}]
    )

    def graph(path: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pipertd.ctl", "graph", str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_S)

    done = graph(file)
    assert (done.returncode, done.stdout) == (0, "p\n\n● a/count  Count\n● b/sink  Write\n")
    assert "there is no such routine" in done.stderr
    file.write_text("")
    assert graph(file).returncode == 5
    missing = graph(tmp_path / "none.yaml")
    assert (missing.returncode, missing.stderr.count("\n")) == (5, 1)

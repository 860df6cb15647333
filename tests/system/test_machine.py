"""Limits as the kernel keeps them, under a real systemd, in a machine with all controllers that is thrown away."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def test_limits_are_kept_and_a_flow_out_of_memory_is_named() -> None:
    """A flow beyond its memory_max is killed, named and comes back; its neighbours and the daemon notice nothing.

    All limits are the kernel's, and those that the next daemon sets anew when one is killed. Nothing gets away from
    its group, and no group outlives its process.
    """
    story: list[str | Path] = [HERE / "with-vm", "-r", ROOT, "--", sys.executable, HERE / "machine_story.py"]
    done = subprocess.run(story, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    told = json.loads(done.stdout)

    assert (
        told["limits"]
        == told["limits behind it"]
        == {
            "memory.max": str(256 << 20),
            "memory.high": str(200 << 20),
            "cpu.weight": "50",
            "pids.max": "40",
        }
    )
    assert told["daemon"] == [told["daemon behind it"]] * 2
    (killed,) = told["killed"]
    assert killed["details"]["failure"] == "out_of_memory"
    assert "was killed by SIGKILL" in killed["message"]
    assert told["alive behind it"] == ["source", "neighbour"]
    assert not told["hoarder's group stayed"]
    assert told["another daemon"]
    assert told["alive behind both"] == ["source", "neighbour"]
    assert not told["child stayed"]
    assert not told["groups stayed"]
    assert not {"limits_unmet", "processes_left", "watchdog_expired", "flow_failed"} & set(told["kinds"])

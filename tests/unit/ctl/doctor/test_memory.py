from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipertd.ctl.doctor.finding import Severity
from pipertd.ctl.doctor.memory import Room, findings
from pipertd.definition.model import MIB
from tests.unit.ctl.doctor.mending import only

ROOT = Path(__file__).parents[4]
UNSHARE = ["unshare", "--mount", "--map-root-user"]
# Look, do what is said, and look again, in a mount namespace of its own.
STORY = """
import json, subprocess, sys
from pathlib import Path
from pipertd.ctl.doctor.memory import findings, look
from tests.unit.ctl.doctor.mending import mend, pipeline
if sys.argv[1] == "full":
    Path("/dev/shm/left over").write_bytes(bytes(60 << 20))
    held = open("/dev/shm/held", "wb")
    held.write(bytes(1 << 20))
    held.flush()
pipelines = [pipeline(shm_limit=int(sys.argv[2]) << 20)]
found = list(findings(look(pipelines)))
for each in found:
    mend(each)
left = list(findings(look(pipelines)))
files = sorted(each.name for each in Path("/dev/shm").iterdir())
print(json.dumps({"found": [[each.what, each.command] for each in found], "left": len(left), "files": files}))
"""


def story(size: str, kind: str, needed_mib: int) -> dict[str, Any]:
    mount = f'mount -t tmpfs -o size={size} tmpfs /dev/shm && exec "$@"'
    done = subprocess.run(
        [*UNSHARE, "sh", "-c", mount, "sh", sys.executable, "-c", STORY, kind, str(needed_mib)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=ROOT,
    )
    if "unshare failed" in done.stderr:
        pytest.skip(f"needs a mount namespace of its own: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_small_shm_is_enlarged_by_the_command() -> None:
    """What the pipelines may ask for does not fit; the command makes room, and nothing is left to be said."""
    told = story("8m", "small", 48)
    ((what, command),) = told["found"]
    assert what == "/dev/shm has 8M, and the pipelines may ask for 48M"
    assert command.endswith("mount -o remount,size=64M /dev/shm")
    assert told["left"] == 0


def test_a_full_shm_is_emptied_of_what_nobody_has_open() -> None:
    """The command removes the files that a dead program left, by name, and not those in use."""
    told = story("64m", "full", 16)
    ((what, command),) = told["found"]
    assert what == "/dev/shm is full: 3M of 64M is free, and no process has 'left over' open"
    assert command.endswith("rm -- '/dev/shm/left over'")
    assert (told["left"], told["files"]) == (0, ["held"])


def test_full_of_what_is_in_use_is_made_larger() -> None:
    """Where nothing may be removed, twice the size is what helps."""
    finding = only(findings(Room(64 * MIB, 0, 16 * MIB)))
    assert finding.what == "/dev/shm is full: nothing of 64M is free"
    assert "remount,size=128M" in finding.command


def test_no_shm_is_a_fault_and_room_enough_none() -> None:
    """Without /dev/shm nothing runs; with room for everything there is nothing to say."""
    assert only(findings(None)).severity is Severity.FAULT
    assert list(findings(Room(64 * MIB, 32 * MIB, 64 * MIB))) == []

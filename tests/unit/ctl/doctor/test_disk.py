from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipertd.ctl.doctor.disk import Disk, findings, look
from pipertd.definition.model import MIB
from tests.unit.ctl.doctor.mending import only

ROOT = Path(__file__).parents[4]
# A small disk of its own: /mnt in a mount namespace.
STORY = """
import json, sys
from pathlib import Path
from pipertd.ctl.doctor.disk import findings, look
from tests.unit.ctl.doctor.mending import mend
state = Path("/mnt")
if sys.argv[1] == "full":
    (state / "quarantine").mkdir()
    (state / "quarantine" / "message").write_bytes(bytes(60 << 20))
found = list(findings(look(state)))
if sys.argv[1] == "read-only":
    for each in found:
        mend(each)
print(json.dumps([[each.what, each.command] for each in found] + [[each.what, ""] for each in findings(look(state))]))
"""


def story(kind: str, options: str) -> list[Any]:
    script = f'mount -t tmpfs -o {options} tmpfs /mnt && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", sys.executable, "-c", STORY, kind],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=ROOT,
    )
    if "unshare failed" in done.stderr:
        pytest.skip(f"needs a mount namespace of its own: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def test_a_disk_full_of_quarantine_is_freed_by_dropping_it() -> None:
    """Where pipertd itself holds the room, its own command gives it back."""
    (what, command), _ = story("full", "size=64m")
    assert what == "the disk of /mnt is full: 4M is free"
    assert command == "pipertctl quarantine drop --all  # 60M; look first: pipertctl quarantine list"


def test_a_disk_without_names_left_is_full_too() -> None:
    """Room is no use where no file can be made."""
    ((what, _), _) = story("names", "size=256m,nr_inodes=100")
    assert what.startswith("the disk of /mnt has room for ")


def test_a_read_only_disk_is_mounted_anew() -> None:
    """The command makes it writable; then nothing is left to be said."""
    ((what, _),) = story("read-only", "ro,size=256m")
    assert what == "the file system of /mnt is read-only"


def test_a_disk_with_room_is_no_finding(tmp_path: Path) -> None:
    """Nor is a state folder that is not there; what others hold is shown, not judged."""
    assert list(findings(look(tmp_path / "nothing"))) == []
    assert list(findings(Disk(tmp_path, 200 * MIB))) == []
    assert "du -xh" in only(findings(Disk(tmp_path, MIB))).command

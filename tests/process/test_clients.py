"""What clients/README.md tells the authors of clients to try."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.process.definitions import counts, write_definition, writes
from tests.process.served import DEADLINE_S, Daemon

ROOT = Path(__file__).parents[2]
BUF = ROOT / ".venv/buf/node_modules/.bin/buf"


@pytest.mark.skipif(not BUF.exists(), reason="needs buf, which `make buf` installs with npm")
def test_a_client_needs_nothing_but_reflection(daemon: Daemon, tmp_path: Path) -> None:
    """The commands of clients/README.md list the calls, show the status and follow the notices."""
    write_definition(daemon.definitions / "numbers.yaml", counts(3), writes(tmp_path / "out"))
    daemon.start()
    daemon.wait_for("pipeline_ended")
    text = (
        (ROOT / "clients/README.md").read_text().replace("/run/pipertd/control.sock", f"{daemon.runtime}/control.sock")
    )
    (shared,) = re.findall(r"^\$ S='(.*)'$", text, re.MULTILINE)
    listing, status, watching = re.findall(r"^\$ buf (.*)$", text, re.MULTILINE)

    def command(written: str) -> list[str]:
        return [str(BUF), *shlex.split(written.replace("$S", shared))]

    def said(written: str) -> str:
        return subprocess.run(command(written), check=True, capture_output=True, text=True, timeout=DEADLINE_S).stdout

    assert "pipertd.v1.StatusService/WatchNotices" in said(listing).split()
    assert '"name": "numbers"' in said(status)
    with subprocess.Popen(command(watching), stdout=subprocess.PIPE, text=True) as follower:
        assert follower.stdout is not None
        try:
            assert any("pipeline_ended" in line for line in follower.stdout)
        finally:
            follower.terminate()

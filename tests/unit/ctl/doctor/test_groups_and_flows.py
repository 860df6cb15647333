from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipertd.ctl.doctor import flows, groups
from pipertd.ctl.doctor.account import members
from pipertd.ctl.doctor.address import GROUPS
from pipertd.ctl.doctor.finding import Severity
from tests.unit.ctl.doctor.mending import only

ROOT = Path(__file__).parents[4]


def test_groups_are_asked_for_where_there_is_a_unit() -> None:
    """What is missing is named in one finding; without a unit nobody needs them."""
    missing = [group for group in GROUPS if members(group) is None]
    found = list(groups.findings({"LoadState": "loaded"}))
    assert [each.what for each in found] == ([f"there is no group {' nor '.join(missing)}"] if missing else [])
    assert list(groups.findings(None)) == []


def test_messages_in_quarantine_are_a_note() -> None:
    """They are counted, and where they are listed is said."""
    finding = only(flows.findings((), 2))
    assert (finding.severity, finding.what) == (Severity.NOTE, "2 messages in quarantine")
    assert finding.command == "pipertctl quarantine list"
    assert list(flows.findings((), 0)) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_nobody_may_ask_the_doctor() -> None:
    """No root is needed, and commands that need it say sudo."""
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-m", "pipertd.ctl", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=ROOT,
    )
    assert done.stderr == ""
    assert "$ sudo pipertd serve" in done.stdout

from __future__ import annotations

from pipertd.ctl.doctor.version import findings
from tests.unit.ctl.doctor.mending import only


def test_the_same_version_is_no_finding() -> None:
    """There is nothing to say."""
    assert list(findings("0.2.0", "0.2.0", "/v/bin/python", None)) == []


def test_an_old_daemon_is_restarted_and_a_new_one_has_its_own_command_line() -> None:
    """Versions are compared as numbers: 0.10 is newer than 0.9."""
    assert only(findings("0.10.0", "0.9.0", "/v/bin/python", None)).command == "pipertctl daemon restart"
    unit = {"LoadState": "loaded"}
    assert only(findings("0.10.0", "0.9.0", "/v/bin/python", unit)).command.endswith("systemctl restart pipertd")
    assert only(findings("0.9.0", "0.10.0", "/v/bin/python", unit)).command == "/v/bin/pipertctl doctor"

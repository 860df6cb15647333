"""Versions: this command line's and the daemon's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pipertd.ctl.doctor.finding import Finding, Severity, as_root, quoted
from pipertd.ctl.doctor.unit import Unit

SUBJECT = "version"


def findings(ours: str, daemons: str, daemons_python: str, unit: Unit | None) -> Iterator[Finding]:
    """A daemon that is older than what is installed has not been restarted; one that is newer has a newer pipertctl."""
    if ours == daemons:
        return
    what = f"pipertctl is {ours}, and the daemon is {daemons}"
    if _number(daemons) < _number(ours):
        why = "the daemon runs on with the version from before an upgrade; a restart leaves its flows running"
        restart = as_root("systemctl restart pipertd") if unit is not None else "pipertctl daemon restart"
        yield Finding(Severity.RISK, SUBJECT, what, why, restart)
    else:
        why = "what the daemon has learnt since, this pipertctl does not know"
        newer = quoted([Path(daemons_python).parent / "pipertctl", "doctor"])
        yield Finding(Severity.RISK, SUBJECT, what, why, newer)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", version))

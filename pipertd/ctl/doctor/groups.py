"""The unit's user and the groups that its sockets are for."""

from __future__ import annotations

from collections.abc import Iterator

from pipertd.ctl.doctor.account import members
from pipertd.ctl.doctor.address import GROUPS
from pipertd.ctl.doctor.finding import Finding, Severity, as_root
from pipertd.ctl.doctor.unit import Unit

SUBJECT = "groups"


def findings(unit: Unit | None) -> Iterator[Finding]:
    """Groups that the unit's sockets would be given to, and that are not there."""
    missing = [group for group in GROUPS if members(group) is None] if unit is not None else []
    if missing:
        what = f"there is no group {' nor '.join(missing)}"
        yield Finding(
            Severity.FAULT, SUBJECT, what, "nobody but root can speak to the daemon", as_root("systemd-sysusers")
        )

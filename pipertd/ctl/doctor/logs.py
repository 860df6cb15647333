"""The logs: whether what the daemon writes there can be read again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipertd.ctl.doctor.finding import Finding, Severity, as_root

if TYPE_CHECKING:
    from pipertd.client import Client

SUBJECT = "logs"
_MENDING = 'journalctl --header  # no file? then logs = "file" in pipertd.toml, or Storage= in journald.conf'


def look(client: Client, started_s: float) -> str:
    """Why there is nothing of this daemon to read; empty where there is something: its start is a record."""
    from pipertd.client import ClientError

    try:
        with client.logs.read(since_s=started_s, limit=1) as newest:
            return "" if next(newest, None) else "no record of this daemon is kept, not even that it started"
    except ClientError as error:
        return str(error)


def findings(nothing: str) -> Iterator[Finding]:
    """A journal that keeps nothing, or cannot be read."""
    if nothing:
        why = "what flows log and print is lost, or hidden, the last lines of one that fails too"
        yield Finding(Severity.RISK, SUBJECT, nothing, why, as_root(_MENDING))

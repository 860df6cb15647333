"""``pipertctl daemon``: what the daemon is, and a restart that leaves its flows running."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipertd.ctl.documents.likeness import document_of
from pipertd.ctl.documents.machine import Daemon
from pipertd.ctl.exits import Exit, fail, talking
from pipertd.ctl.lazy import Entry, LazyGroup
from pipertd.ctl.output import clock, print_document
from pipertd.ctl.settings import Output, Settings, command

if TYPE_CHECKING:
    from pipertd.client import records

COMMANDS = {
    "version": Entry("pipertd.ctl.daemon:version", "Print the version of the daemon, and what it is."),
    "restart": Entry("pipertd.ctl.daemon:restart", "Restart the daemon; its flows go on."),
}
_DEADLINE_S = 120.0  # of systemd's own limits for stop and start together


@click.group(cls=LazyGroup, entries=COMMANDS)
def daemon() -> None:
    """Ask what the daemon is, and restart it."""


@command("version")
def version(settings: Settings) -> None:
    """Print the version of the daemon, and what it is."""
    with talking(settings) as client:
        _show(client.status.daemon(), settings)


@command("restart")
def restart(settings: Settings) -> None:
    """Restart the daemon; its flows go on.

    The next daemon adopts them: processes, counts and what waits on links stay as they are. It is systemd that
    restarts it, so a daemon that was started by hand is not: end it with SIGUSR1 and start it again.
    """
    with talking(settings) as client:
        before = client.status.daemon()
    unit = _unit(before.pid)
    if unit is None:
        by_hand = f"`kill -USR1 {before.pid}` ends it and leaves its flows to the next: then start it as before"
        raise fail(f"cannot restart the daemon: systemd did not start it; {by_hand}", Exit.WRONG_STATE)
    done = subprocess.run(
        ["systemctl", "restart", unit], capture_output=True, text=True, check=False, timeout=_DEADLINE_S
    )
    if done.returncode:
        refused = "interactive authentication required" in done.stderr.lower() or "denied" in done.stderr.lower()
        why = (done.stderr.strip().splitlines() or ["systemctl failed"])[0]
        if refused:
            hint = "as root: sudo pipertctl daemon restart"
            raise fail(f"cannot restart the daemon: {why}; {hint}", Exit.NOT_PERMITTED)
        raise fail(f"cannot restart the daemon: {why}", Exit.FAILED)
    with talking(settings) as client:
        _show(client.status.daemon(), settings)


def _show(found: records.Daemon, settings: Settings) -> None:
    if settings.output is Output.TABLE:
        print(f"pipertd {found.version}, process {found.pid} since {clock(found.started_s)}")
    else:
        print_document(document_of(found, Daemon), settings.output)


def _unit(pid: int) -> str | None:
    """The unit whose main process it is; None where it is none of systemd's."""
    try:
        groups = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return None
    for unit in dict.fromkeys(re.findall(r"/([^/\n]+\.service)", groups)):
        try:
            shown = subprocess.run(
                ["systemctl", "show", "--property=MainPID", "--value", unit],
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            return None
        if shown.stdout.strip() == str(pid):
            return str(unit)
    return None

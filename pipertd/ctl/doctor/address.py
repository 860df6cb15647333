"""The way to the daemon: a socket that is not there, is none, is stale, or may not be used."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipertd.ctl.doctor.account import Account, members
from pipertd.ctl.doctor.finding import Finding, Severity, as_root, quoted
from pipertd.ctl.doctor.unit import Unit
from pipertd.ctl.settings import DEFAULT_ADDRESS

SUBJECT = "daemon"
GROUPS = ("pipertd", "pipertd-observe")
_PATIENCE_S = 10.0  # a machine that is busy answers late, and who hangs is told to be killed
_GREETING = (
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)
)  # and settings: a server answers with its own


class Way(StrEnum):
    """What is at a Unix socket's address."""

    OPEN = "open"
    MISSING = "missing"
    NO_SOCKET = "no socket"
    STALE = "stale"
    BARRED = "barred"
    SILENT = "silent"  # somebody took the connection, and answers nothing


def socket_of(address: str) -> Path | None:
    """The path of a Unix socket's address; None where it is none."""
    path = address.removeprefix("unix://").removeprefix("unix:")
    return Path(path) if path.startswith("/") else None


def look(path: Path) -> Way:
    """What is there, by knocking."""
    try:
        if not stat.S_ISSOCK(path.stat().st_mode):
            return Way.NO_SOCKET
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.settimeout(_PATIENCE_S)
            attempt.connect(str(path))
            attempt.sendall(_GREETING)
            attempt.recv(1)
    except FileNotFoundError:
        return Way.MISSING
    except ConnectionRefusedError:
        return Way.STALE
    except PermissionError:
        return Way.BARRED
    except (TimeoutError, BlockingIOError):  # the latter where callers already queue
        return Way.SILENT
    return Way.OPEN


@dataclass(frozen=True)
class Asking:
    """Who wants to speak to which socket, and what systemd has of the daemon."""

    path: Path
    way: Way
    account: Account
    unit: Unit | None


def findings(asking: Asking) -> Iterator[Finding]:
    """What stands in the way."""
    path = asking.path
    match asking.way:
        case Way.MISSING if asking.unit is None and str(path) == DEFAULT_ADDRESS.removeprefix("unix://"):
            why = "that is no fault: `pipertd run FILE` needs none; with one, flows outlive crashes and are seen here"
            yield Finding(Severity.NOTE, SUBJECT, "no daemon runs here", why, as_root("pipertd serve"))
        case Way.MISSING:
            yield _fault(f"there is no socket {path}", "no daemon runs with this address", _started(asking))
        case Way.NO_SOCKET:
            why = "the daemon cannot listen there: its start fails"
            yield _fault(f"{path} is no socket", why, as_root(f"mv {quoted([path, f'{path}.moved'])}"))
        case Way.STALE:
            why = "the daemon that made it was killed; its flows work on until orphan_timeout, if nobody adopts them"
            yield _fault(f"nobody listens at {path} any more", why, _started(asking))
        case Way.SILENT:
            yield _fault(f"the daemon at {path} takes no calls", "it hangs; its flows work on", _revived(asking))
        case Way.BARRED:
            yield _barred(asking)
        case Way.OPEN:
            pass


def unheard(address: str, why: str) -> Finding:
    """A daemon on another machine that does not answer."""
    return _fault(f"the daemon at {address} does not answer", why, "pipertctl doctor  # on its machine")


def _started(asking: Asking) -> str:
    if asking.unit is not None:
        return as_root("systemctl start pipertd")
    return f"pipertd serve --runtime-dir {quoted([asking.path.parent])}  # and its other options, as before"


def _revived(asking: Asking) -> str:
    if asking.unit is not None:
        return as_root("systemctl restart pipertd")
    return f"kill -KILL $(cat {quoted([asking.path.parent / 'lock'])})  # then start it again; it adopts its flows"


def _barred(asking: Asking) -> Finding:
    """The socket is for groups; the user is in none of them, or has not logged in since."""
    name, what = asking.account.name, f"{asking.account.name} may not use {asking.path}"
    why = "the socket is open to its group"
    group = GROUPS[1] if asking.path.name.startswith("observe") else GROUPS[0]
    known = members(group)
    if known is None:
        return _fault(what, f"{why}, and there is no group {group}", as_root("systemd-sysusers"))
    if name in known:
        return _fault(what, f"{why}: {name} was put into {group} after this login", f"newgrp {group}")
    return _fault(what, f"{why}, which {name} is not in", f"{as_root(f'usermod -aG {group} {name}')} && newgrp {group}")


def _fault(what: str, why: str, command: str) -> Finding:
    return Finding(Severity.FAULT, SUBJECT, what, why, command)

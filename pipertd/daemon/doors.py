"""Which doors this daemon has."""

from __future__ import annotations

from pipertd.control.doors import Door, SocketDoor
from pipertd.control.roles import Role
from pipertd.daemon.settings import Settings


def doors(settings: Settings) -> list[Door]:
    """The two sockets, and TCP where the settings have it."""
    admins = settings.runtime_dir / "control.sock"
    observers = settings.runtime_dir / "observe.sock"
    found: list[Door] = [
        SocketDoor(admins, Role.ADMIN, "pipertd"),
        SocketDoor(observers, Role.OBSERVER, "pipertd-observe", f"use {admins}, or ask who may"),
    ]
    if (tls := settings.tls) is not None:
        from pipertd.control.tls import TlsDoor

        found.append(TlsDoor(tls.listen, tls.files, tls.roles))
    return found

"""The table [tls] of the daemon's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipertd.control.roles import Role
from pipertd.control.tls import Files
from pipertd.errors import CertificateError

_KEYS = ("listen", "certificate", "key", "ca", "roles")


@dataclass(frozen=True)
class TlsSettings:
    """Where to listen, with which files, and which certificate names have which role."""

    listen: str
    files: Files
    roles: Mapping[str, Role]


def tls_settings(said: object) -> TlsSettings:
    """What the table says.

    Raises:
        ValueError: it says something else than it should, or its files cannot be used now; the text says which.
    """
    if not isinstance(said, dict):
        raise ValueError(f"tls must be a table, not {said!r}")  # noqa: TRY004 - all that is wrong is one kind of error
    missing = [key for key in _KEYS if key not in said]
    unknown = sorted(said.keys() - set(_KEYS))
    if missing or unknown:
        wrong = f"unknown {', '.join(unknown)}" if unknown else f"{', '.join(missing)} is missing"
        raise ValueError(f"[tls]: {wrong} (it has: {', '.join(_KEYS)})")
    listen, roles = _listen(said["listen"]), _roles(said["roles"])
    files = Files(*(_file(name, said[name]) for name in ("certificate", "key", "ca")))
    try:
        files.configuration()
    except CertificateError as reason:
        raise ValueError(f"[tls]: {reason}") from None
    return TlsSettings(listen, files, roles)


def _listen(said: object) -> str:
    host, _, port = said.rpartition(":") if isinstance(said, str) else ("", "", "")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f'[tls] listen must be "HOST:PORT", not {said!r}')
    return str(said)


def _file(key: str, said: object) -> Path:
    if not isinstance(said, str) or not Path(said).is_absolute():
        raise ValueError(f"[tls] {key} must be the absolute path of a file, not {said!r}")
    return Path(said)


def _roles(said: object) -> dict[str, Role]:
    known = {str(role): role for role in Role}
    if not isinstance(said, dict) or said.keys() - known.keys():
        raise ValueError(f"[tls.roles] must give lists of names to {', '.join(known)}, not {said!r}")
    found: dict[str, Role] = {}
    for role, names in said.items():
        if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
            raise ValueError(f"[tls.roles] {role} must be a list of names, not {names!r}")
        for name in names:
            if found.get(name, known[role]) is not known[role]:
                raise ValueError(f"[tls.roles]: {name!r} is both {found[name]} and {role}")
            found[name] = known[role]
    if not found:
        raise ValueError("[tls.roles] names nobody, so nobody could come in; give a name a role, or leave [tls] out")
    return found

"""The daemon's own settings: built-in values, then the file, then the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipertd.definition.units import duration_s, size_bytes
from pipertd.errors import SettingsError

if TYPE_CHECKING:
    from pipertd.daemon.tls import TlsSettings

CONFIG_FILE = Path("/etc/pipertd/pipertd.toml")
LOG_KINDS = ("auto", "file", "journal")
_QUANTITIES: dict[str, tuple[str, Callable[[object], float]]] = {
    "orphan_timeout": ("orphan_timeout_s", duration_s),
    "quarantine_limit": ("quarantine_limit_bytes", size_bytes),
}


@dataclass(frozen=True)
class Settings:
    """Where things are, how long flows work on without the daemon, and how much room what they left may take.

    Attributes:
        definitions: folders of definitions; the same file name in a later one replaces. All folders are absolute.
        runtime_dir: lock and sockets, gone after a reboot.
        state_dir: logs, notices, quarantine, and definitions that worked.
        orphan_timeout_s: see ``orphan_timeout`` of a definition, which goes first.
        quarantine_limit_bytes: ``quarantine_limit``: how much room messages that were put aside may take; then the
            oldest of them go.
        logs: where records and prints go, one of ``LOG_KINDS``.
        tls: the door over TCP; None for none.
    """

    definitions: tuple[Path, ...] = (
        Path("/usr/lib/pipertd/pipelines.d"),
        Path("/etc/pipertd/pipelines.d"),
        Path("/run/pipertd/pipelines.d"),
    )
    runtime_dir: Path = Path("/run/pipertd")
    state_dir: Path = Path("/var/lib/pipertd")
    orphan_timeout_s: float = 300.0
    quarantine_limit_bytes: int = 1024**3
    logs: str = "auto"
    tls: TlsSettings | None = None


def read_settings(file: Path | None, overrides: Mapping[str, Any]) -> Settings:
    """The settings of ``file`` (of /etc/pipertd/pipertd.toml where None, if there is one) under ``overrides``.

    Raises:
        SettingsError: the file cannot be read, or says something that is no setting.
    """
    chosen = file or CONFIG_FILE
    try:
        said = tomllib.loads(chosen.read_text())
    except FileNotFoundError:
        if file is not None:
            raise SettingsError(f"cannot read settings: there is no file {file}") from None
        said = {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
        raise SettingsError(f"cannot read settings: {chosen}: {reason}") from reason
    known = [field.name.removesuffix("_s").removesuffix("_bytes") for field in fields(Settings)]
    unknown = sorted(said.keys() - set(known))
    if unknown:
        raise SettingsError(f"cannot read settings: {chosen}: unknown {', '.join(unknown)} (known: {', '.join(known)})")
    try:
        values = dict(_value(key, value) for key, value in said.items())
    except (TypeError, ValueError) as reason:
        raise SettingsError(f"cannot read settings: {chosen}: {reason}") from reason
    said_here = {key: value for key, value in overrides.items() if value is not None}
    return _absolute(replace(Settings(), **{**values, **said_here}))


def _absolute(settings: Settings) -> Settings:
    """The same folders as everybody may be told of them, wherever they are."""
    return replace(
        settings,
        definitions=tuple(folder.absolute() for folder in settings.definitions),
        runtime_dir=settings.runtime_dir.absolute(),
        state_dir=settings.state_dir.absolute(),
    )


def _value(key: str, said: object) -> tuple[str, object]:
    """The name and value of a setting, from what the file says."""
    if key in _QUANTITIES:
        name, quantity = _QUANTITIES[key]
        try:
            return name, quantity(said)
        except ValueError as reason:
            raise ValueError(f"{key} cannot be {said!r}: {reason}") from None
    if key == "tls":
        from pipertd.daemon.tls import tls_settings  # with cryptography, 10 MiB that a daemon without TLS need not hold

        return key, tls_settings(said)
    if key == "logs":
        if said not in LOG_KINDS:
            raise ValueError(f"logs must be one of {', '.join(LOG_KINDS)}, not {said!r}")
        return key, said
    if key == "definitions":
        folders = [said] if isinstance(said, str) else said
        if not isinstance(folders, list) or not all(isinstance(folder, str) for folder in folders):
            raise ValueError(f"{key} must be a list of folders, not {said!r}")
        return key, tuple(map(Path, folders))
    if not isinstance(said, str) or not said:
        raise TypeError(f"{key} must be a folder, not {said!r}")
    return key, Path(said)

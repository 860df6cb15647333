"""What stands before the command: where the daemon is, and in what shape to print."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import typer

DEFAULT_ADDRESS = "unix:///run/pipertd/control.sock"


class Output(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


@dataclass(frozen=True)
class Settings:
    """The options of the whole command line."""

    address: str = DEFAULT_ADDRESS
    output: Output = Output.TABLE


def settings_of(context: typer.Context) -> Settings:
    """The options that were given before the command."""
    found = context.find_object(Settings)
    assert found is not None, "the app's callback sets them"
    return found

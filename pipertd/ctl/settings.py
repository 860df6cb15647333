"""What stands before the command: where the daemon is, and in what shape to print."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

import typer

DEFAULT_ADDRESS = "unix:///run/pipertd/control.sock"


class Output(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


OUTPUT = typer.Option("--output", "-o", help="How results are printed.")
OutputOption = Annotated[Output | None, OUTPUT]  # behind the command, where people write it too


@dataclass(frozen=True)
class Settings:
    """The options of the whole command line."""

    address: str = DEFAULT_ADDRESS
    output: Output = Output.TABLE


def settings_of(context: typer.Context, output: Output | None = None) -> Settings:
    """The options that were given before the command; an output given behind it counts first."""
    found = context.find_object(Settings)
    assert found is not None, "the app's callback sets them"
    return replace(found, output=output) if output is not None else found

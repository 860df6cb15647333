"""``pipertctl version``."""

from __future__ import annotations

import typer

from pipertd import __version__
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, OutputOption, settings_of


def version(context: typer.Context, output: OutputOption = None) -> None:
    """Print the version of this command line."""
    settings = settings_of(context, output)
    if settings.output is Output.TABLE:
        print(f"pipertctl {__version__}")
    else:
        print_document({"pipertctl": __version__}, settings.output)

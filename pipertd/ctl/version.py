"""``pipertctl version``."""

from __future__ import annotations

from pipertd import __version__
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, Settings, command


@command("version")
def version(settings: Settings) -> None:
    """Print the version of this command line."""
    print_version(settings)


def print_version(settings: Settings) -> None:
    """Print it as a line or as a document."""
    if settings.output is Output.TABLE:
        print(f"pipertctl {__version__}")
    else:
        from pipertd.ctl.documents.machine import Version

        print_document(Version(__version__), settings.output)

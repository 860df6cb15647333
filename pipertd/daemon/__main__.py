"""The command `pipertd`: serve, or run one definition in the foreground."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from pipertd import __version__
from pipertd.errors import PipertdError

app = typer.Typer(
    name="pipertd",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def version(
    show: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    """Run real-time analytics pipelines."""
    if show:
        print(f"pipertd {__version__}")
        raise typer.Exit


@app.command()
def serve(
    config: Annotated[Path | None, typer.Option(help="Settings (TOML).  [default: /etc/pipertd/pipertd.toml]")] = None,
    definitions: Annotated[list[Path] | None, typer.Option(help="Folder of definitions; may be repeated.")] = None,
    runtime_dir: Annotated[Path | None, typer.Option(help="Where lock and sockets lie.")] = None,
    state_dir: Annotated[Path | None, typer.Option(help="Where logs, notices and quarantine lie.")] = None,
) -> None:
    """Be the daemon: keep flows alive as definitions say, for pipertctl.

    SIGTERM stops everything. SIGUSR1, or whatever kills the daemon alone, leaves the flows to the next one.
    """
    from pipertd.daemon.serve import serve as serve_until_stopped
    from pipertd.daemon.settings import read_settings

    overrides = {
        "definitions": tuple(definitions) if definitions else None,
        "runtime_dir": runtime_dir,
        "state_dir": state_dir,
    }
    serve_until_stopped(read_settings(config, overrides))


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="The definition (YAML).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON document.")] = False,
) -> None:
    """Run one definition in the foreground, to its end or to Ctrl-C. Exits 0 only if nothing failed."""
    from pipertd.daemon.run import run as run_to_the_end

    raise typer.Exit(run_to_the_end(file, as_json=as_json))


def main() -> None:
    """The entry point of the console script."""
    _keep_descriptors()
    try:
        app()
    except PipertdError as reason:
        print(f"pipertd: {reason}", file=sys.stderr)
        sys.exit(1)


def _keep_descriptors() -> None:
    """Fill 0 to 2 where they are closed, and keep everything else that we inherited from our flows."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(fd, True)
    os.close(fd)
    for inherited in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if inherited > 2:
            with suppress(OSError):  # the listing's own is closed already
                os.set_inheritable(inherited, False)


if __name__ == "__main__":
    main()

"""The command `pipertd`: serve, or run one definition in the foreground."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

import click

from pipertd import __version__
from pipertd.daemon.settings import CONFIG_FILE, LOG_KINDS, Settings
from pipertd.errors import PipertdError
from pipertd.harmless import in_a_line, take_any_text


def _default(*values: Path | str) -> str:
    """As click has it; not a default of the option, which would go before what the settings say."""
    return f"  [default: {', '.join(map(str, values))}]"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(
    __version__, prog_name="pipertd", message="%(prog)s %(version)s", help="Print the version and exit."
)
def app() -> None:
    """Run real-time analytics pipelines."""


@app.command()
@click.option("--config", type=Path, metavar="FILE", help=f"Settings (TOML).{_default(CONFIG_FILE)}")
@click.option(
    "--definitions",
    type=Path,
    metavar="FOLDER",
    multiple=True,
    help=f"Folder of definitions; may be repeated.{_default(*Settings.definitions)}",
)
@click.option(
    "--runtime-dir",
    type=Path,
    metavar="FOLDER",
    help=f"Where lock and sockets lie.{_default(Settings.runtime_dir)}",
)
@click.option(
    "--state-dir",
    type=Path,
    metavar="FOLDER",
    help=f"Where logs, notices and quarantine lie.{_default(Settings.state_dir)}",
)
@click.option(
    "--logs",
    type=click.Choice(LOG_KINDS),
    help=f"Where records go; auto: into the journal where systemd starts this.{_default(Settings.logs)}",
)
def serve(
    config: Path | None,
    definitions: tuple[Path, ...],
    runtime_dir: Path | None,
    state_dir: Path | None,
    logs: str | None,
) -> None:
    """Be the daemon: keep flows alive as definitions say, for pipertctl.

    What no option says is taken from the settings. SIGTERM stops everything. SIGUSR1, or whatever kills the daemon
    alone, leaves the flows to the next one.
    """
    from pipertd.daemon.serve import serve as serve_until_stopped
    from pipertd.daemon.settings import read_settings

    overrides = {
        "definitions": definitions or None,
        "runtime_dir": runtime_dir,
        "state_dir": state_dir,
        "logs": logs,
    }
    serve_until_stopped(read_settings(config, overrides))


@app.command()
@click.argument("file", type=Path, help="The definition (YAML).")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON document.")
@click.option(
    "--credentials",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Folder with a file for each credential that the definition names.  [default: $CREDENTIALS_DIRECTORY]",
)
def run(file: Path, as_json: bool, credentials: Path | None) -> None:
    """Run one definition in the foreground, to its end or to Ctrl-C. Exits 0 only if nothing failed."""
    from pipertd.daemon.run import run as run_to_the_end
    from pipertd.protocol import CREDENTIALS_DIRECTORY

    if credentials is not None:
        os.environ[CREDENTIALS_DIRECTORY] = str(credentials.absolute())  # as systemd tells a service, for its flows

    raise SystemExit(run_to_the_end(file, as_json=as_json))


@app.command("after-stop", hidden=True)
def after_stop() -> None:
    """Leave nothing behind a stop of the service; for its unit."""
    from pipertd.daemon.after_stop import after_stop as leave_nothing

    leave_nothing()


def main() -> None:
    """The entry point of the console script."""
    _keep_descriptors()
    take_any_text(sys.stdout)
    try:
        app(prog_name="pipertd", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "pipertd"
        how = f"`{path} -h` says how it is written"
        print(f"pipertd: cannot read the command line: {error.format_message().rstrip('.')} ({how})", file=sys.stderr)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except PipertdError as reason:
        print(f"pipertd: {in_a_line(str(reason))}", file=sys.stderr)
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

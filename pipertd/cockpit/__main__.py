"""The command ``pipertd-http``: the HTTP API of a daemon."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipertd import __version__
from pipertd.cockpit.settings import DEFAULT_LISTEN
from pipertd.errors import PipertdError
from pipertd.harmless import in_a_line, take_any_text

if TYPE_CHECKING:
    from pipertd.client import Tls

_MISSING = {"starlette", "uvicorn", "h11", "anyio"}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--listen", default=DEFAULT_LISTEN, show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option(
    "--address", metavar="ADDRESS", help="The daemon, as for pipertctl.  [default: $PIPERTD_ADDRESS, or this machine's]"
)
@click.option("--ca", type=Path, metavar="FILE", help="The CA of a daemon over TCP.")
@click.option("--cert", type=Path, metavar="FILE", help="Our certificate for it.")
@click.option("--key", type=Path, metavar="FILE", help="The key of that.")
@click.option(
    "--read-token", "read", type=Path, multiple=True, metavar="FILE", help="Tokens, one a line, of who may look."
)
@click.option(
    "--control-token", "control", type=Path, multiple=True, metavar="FILE", help="Tokens of who may change things, too."
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="NAME",
    help="A name by which the server is called, beside this machine's.",
)
@click.option(
    "--allow-origin", "origins", multiple=True, metavar="ORIGIN", help="Pages that may ask, as https://panel.example."
)
@click.option("--https-cert", "certificate", type=Path, metavar="FILE", help="Speak TLS, with this certificate.")
@click.option("--https-key", type=Path, metavar="FILE", help="The key of that.")
@click.version_option(__version__, prog_name="pipertd-http", message="%(prog)s %(version)s")
def app(
    listen: str,
    address: str | None,
    ca: Path | None,
    cert: Path | None,
    key: Path | None,
    read: tuple[Path, ...],
    control: tuple[Path, ...],
    names: tuple[str, ...],
    origins: tuple[str, ...],
    certificate: Path | None,
    https_key: Path | None,
) -> None:
    """Serve the daemon's API over HTTP: JSON, server-sent events, and the routes of PipeRT2.

    On this machine alone it needs no token; elsewhere it does not start without one. systemd's credentials
    pipertd-http-read and pipertd-http-control are such files, too.
    """
    from pipertd.cockpit.rpcs import Right
    from pipertd.cockpit.server import serve
    from pipertd.cockpit.settings import Settings, listen_of
    from pipertd.cockpit.tokens import Tokens, credentials

    host, port = listen_of(listen)
    files = [*((file, Right.READ) for file in read), *((file, Right.CONTROL) for file in control), *credentials()]
    settings = Settings(
        host,
        port,
        address,
        _tls(ca, cert, key),
        Tokens(files),
        names,
        origins,
        certificate,
        https_key,
    )
    serve(settings)


def _tls(ca: Path | None, cert: Path | None, key: Path | None) -> Tls | None:
    if ca is None and cert is None and key is None:
        return None
    if ca is None or cert is None or key is None:
        raise click.UsageError("--ca, --cert and --key belong together")
    from pipertd.client import Tls

    return Tls(ca, cert, key)


def main() -> None:
    """The entry point of the console script; whatever ends it is one line on stderr and an exit code."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # each of our errors says what gRPC would beside it
    take_any_text(sys.stdout)
    logging.basicConfig(level=logging.INFO, format="pipertd-http: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # of what clients do wrong it has a line for each
    try:
        app(prog_name="pipertd-http", standalone_mode=False)
    except click.UsageError as error:
        print(f"pipertd-http: cannot read the command line: {error.format_message().rstrip('.')}", file=sys.stderr)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except ModuleNotFoundError as reason:
        if reason.name not in _MISSING:
            raise
        print(f"pipertd-http: cannot serve: {reason.name} is missing; pip install 'pipertd[http]'", file=sys.stderr)
        sys.exit(1)
    except PipertdError as reason:
        print(f"pipertd-http: {in_a_line(str(reason))}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()

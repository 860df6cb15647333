"""``pipertctl tls``: what a daemon and its clients need to speak over TCP."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipertd.ctl.documents.machine import Certificates, Made
from pipertd.ctl.exits import Exit, denied, fail
from pipertd.ctl.lazy import Entry, LazyGroup
from pipertd.ctl.output import print_document
from pipertd.ctl.settings import Output, Settings, command

if TYPE_CHECKING:
    from pipertd.ctl.certificates import Identity

COMMANDS = {
    "init": Entry("pipertd.ctl.tls:init", "Make a CA, and certificates for the daemon and each role."),
    "issue": Entry("pipertd.ctl.tls:issue", "Make one more certificate that this CA signs."),
}
ROLES = ("observer", "operator", "admin")
PORT = 7443
_FILES = {"certificate": "server.pem", "key": "server.key", "ca": "ca.pem"}
_LOCAL = ("localhost", "127.0.0.1", "::1")
_STEPS = """\
{folder} has a CA, and certificates for the daemon and for one client of each role.

1. Add this to the daemon's settings, /etc/pipertd/pipertd.toml, and restart it:

{settings}
   Its user must be able to read its key:

   chown pipertd {folder} {folder}/server.key

2. Take ca.pem, and admin.pem with admin.key or those of another role, to where you work, and try:

   pipertctl --address {host}:{port} --ca ca.pem --cert admin.pem --key admin.key status

3. Take ca.key away from this machine: whoever has it can make an admin.
"""


@click.group(cls=LazyGroup, entries=COMMANDS)
def tls() -> None:
    """Make what mutual TLS needs."""


_in_folder = click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/etc/pipertd/tls"),
    show_default=True,
    help="Where the files are. Nothing is overwritten.",
)


@command("init")
@_in_folder
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="How clients reach the daemon; may be repeated.")
def init(settings: Settings, folder: Path, hosts: tuple[str, ...]) -> None:
    """Make a CA, and certificates for the daemon and each role.

    All in PEM, keys for their owner alone. Prints the settings of the daemon, and a command to try.
    """
    named = hosts or (socket.gethostname(),)
    folder = folder.absolute()
    with _making(folder, ", ".join(named)):
        files = _make(folder, [*named, *(each for each in _LOCAL if each not in named)])
    text = _settings(folder)
    if settings.output is Output.TABLE:
        indented = "".join(f"   {line}".rstrip() + "\n" for line in text.splitlines())
        print(_STEPS.format(folder=folder, settings=indented, host=named[0], port=PORT), end="")
    else:
        print_document(Certificates([str(each) for each in files], text), settings.output)


@command("issue")
@click.argument("name")
@_in_folder
@click.option(
    "--host", "hosts", multiple=True, metavar="NAME", help="For a daemon that is reached so; may be repeated."
)
def issue(settings: Settings, name: str, folder: Path, hosts: tuple[str, ...]) -> None:
    """Make one more certificate that this CA signs.

    For a client that the daemon's settings call NAME, or with --host for a daemon. The files are NAME.pem and NAME.key.
    """
    from pipertd.ctl.certificates import Identity, client_certificate, server_certificate

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise fail(f"cannot make a certificate for {name!r}: a name is letters, digits, dots and dashes", Exit.USAGE)
    with _making(folder, name):
        ca = Identity.read(folder, "ca")
        made = server_certificate(ca, hosts) if hosts else client_certificate(ca, name)
        _check_room(folder, [name])
        certificate, key = made.write(folder, name)
    if settings.output is Output.TABLE:
        print(f"made {certificate} and {key}")
        print(
            "put them in the place of the daemon's"
            if hosts
            else f'give "{name}" a role under [tls.roles], and restart the daemon'
        )
    else:
        print_document(Made([str(certificate), str(key)]), settings.output)


@contextmanager
def _making(folder: Path, what: str) -> Iterator[None]:
    try:
        yield
    except FileExistsError as there:
        raise fail(
            f"cannot make {there.filename}: it is there, and nothing is overwritten "
            "(`tls issue` makes some for another NAME, --dir names another folder)",
            Exit.FAILED,
        ) from None
    except OSError as reason:
        raise denied("make certificates", reason, folder) from None
    except (TypeError, ValueError) as reason:
        raise fail(f"cannot make certificates for {what}: {reason}", Exit.USAGE) from None


def _check_room(folder: Path, names: Iterable[str]) -> None:
    """FileExistsError where a file of one of these names is there."""
    for name in names:
        for file in (folder / f"{name}.pem", folder / f"{name}.key"):
            if os.path.lexists(file):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(file))


def _make(folder: Path, hosts: list[str]) -> list[Path]:
    """All files, or none: FileExistsError, before anything is written, where one of that name is there."""
    from pipertd.ctl.certificates import client_certificate, new_ca, server_certificate

    ca = new_ca("pipertd")
    made: dict[str, Identity] = {"ca": ca, "server": server_certificate(ca, hosts)}
    made |= {role: client_certificate(ca, role) for role in ROLES}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_room(folder, made)
    files: list[Path] = []
    with ExitStack() as undo:
        for name, identity in made.items():
            for file in identity.write(folder, name):
                undo.callback(file.unlink)
                files.append(file)
        undo.pop_all()
    return files


def _settings(folder: Path) -> str:
    paths = {key: json.dumps(str(folder / name), ensure_ascii=False) for key, name in _FILES.items()}
    files = "".join(f"{key} = {path}\n" for key, path in paths.items())
    roles = "".join(f'{role} = ["{role}"]\n' for role in ROLES)
    return f'[tls]\nlisten = "0.0.0.0:{PORT}"\n{files}\n[tls.roles]\n{roles}'

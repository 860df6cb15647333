"""The options of the whole command line: where the daemon is, who calls, and in what shape to print.

They may stand before the command or behind it; behind it they count first. What stands nowhere is taken from the
environment.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec

import click

if TYPE_CHECKING:
    from pipertd.client.tls import Tls

P = ParamSpec("P")

DEFAULT_ADDRESS = "unix:///run/pipertd/control.sock"  # as the client has it, which would import gRPC


class Output(StrEnum):
    """How results are printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class Settings(NamedTuple):
    """What the options of the whole command line say; ``ca``, ``cert`` and ``key`` are files, or all of them empty."""

    address: str = DEFAULT_ADDRESS
    output: Output = Output.TABLE
    ca: str = ""
    cert: str = ""
    key: str = ""

    @property
    def is_local(self) -> bool:
        """Whether the daemon is called by a socket of this machine."""
        return self.address.startswith(("unix:", "/"))

    def tls(self) -> Tls | None:
        """Who calls over TCP; None where nothing was said of it, or nobody is called over TCP.

        Raises:
            UsageError: it was said in part.
        """
        files = (self.ca, self.cert, self.key)
        if not any(files) or self.is_local:
            return None
        if not all(files):
            raise click.UsageError("--ca, --cert and --key are given together, or PIPERTD_CA, _CERT and _KEY")
        from pipertd.client.tls import Tls

        return Tls(*files)


class _Option(NamedTuple):
    """An option of the whole command line; ``variable`` is that of the environment which stands in for it."""

    names: tuple[str, ...]
    help: str
    variable: str | None = None
    metavar: str | None = None
    default: str | None = None
    choices: tuple[str, ...] = ()


_OPTIONS = (
    _Option(
        ("--address",),
        "Where the daemon listens: /PATH of a socket, or HOST:PORT.",
        "PIPERTD_ADDRESS",
        "ADDRESS",
        DEFAULT_ADDRESS,
    ),
    _Option(("--ca",), "Over TCP: who signed the daemon's certificate.", "PIPERTD_CA", "FILE"),
    _Option(("--cert",), "Over TCP: the certificate of who calls.", "PIPERTD_CERT", "FILE"),
    _Option(("--key",), "Over TCP: the key of that certificate.", "PIPERTD_KEY", "FILE"),
    _Option(("--output", "-o"), "How results are printed; as a table if not said.", choices=tuple(map(str, Output))),
)


def command(name: str) -> Callable[[Callable[Concatenate[Settings, P], None]], click.Command]:
    """A command: its function is handed the settings first, then its own arguments; its docstring is its help."""

    def decorate(function: Callable[Concatenate[Settings, P], None]) -> click.Command:
        behind: Callable[..., None] = click.pass_obj(function)
        for option in reversed(_OPTIONS):  # the environment is asked before the command, lest it count first here
            behind = _option(option, hidden=not option.choices)(behind)
        return click.command(name)(behind)

    return decorate


def options_before(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same options before the command."""
    for option in reversed(_OPTIONS):
        shown = {"show_envvar": bool(option.variable), "show_default": option.default or False}
        function = _option(option, envvar=option.variable, **shown)(function)
    return function


def _option(option: _Option, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        *option.names,
        type=click.Choice(option.choices) if option.choices else None,
        metavar=option.metavar,
        help=option.help,
        callback=_keep,
        expose_value=False,
        **attributes,
    )


def _keep(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    """Put an option where all commands look for it; one that is not given leaves what was there."""
    settings: Settings = context.obj or Settings()
    name = str(parameter.name)
    given: Any = Output(value) if value and name == "output" else value
    context.obj = settings._replace(**{name: given}) if given else settings

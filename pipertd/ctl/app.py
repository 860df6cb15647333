"""The commands of pipertctl and the options before them."""

from __future__ import annotations

from typing import Annotated

import typer

from pipertd.ctl import check, event, lifecycle, link, logs, quarantine, reload, status, top, version, watch
from pipertd.ctl.settings import DEFAULT_ADDRESS, OUTPUT, Output, Settings

app = typer.Typer(
    context_settings={"help_option_names": ["-h", "--help"]},
    help="See and steer the pipelines of a pipertd daemon.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def before(
    context: typer.Context,
    address: Annotated[
        str, typer.Option(envvar="PIPERTD_ADDRESS", help="Where the daemon listens: /PATH of a socket, or HOST:PORT.")
    ] = DEFAULT_ADDRESS,
    output: Annotated[Output, OUTPUT] = Output.TABLE,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Keep the options for the command."""
    context.obj = Settings(address, output)
    if show_version:
        version.version(context)
        raise typer.Exit


app.command("status")(status.status)
app.command("start")(lifecycle.start)
app.command("stop")(lifecycle.stop)
app.command("restart")(lifecycle.restart)
app.command("pause")(lifecycle.pause)
app.command("resume")(lifecycle.resume)
app.command("kill")(lifecycle.kill)
app.command("reload")(reload.reload)
app.command("link")(link.link)
app.command("unlink")(link.unlink)
app.command("event")(event.event)
app.command("logs")(logs.logs)
app.command("top")(top.top)
app.command("watch")(watch.watch)
app.add_typer(quarantine.app, name="quarantine")
app.command("check")(check.check)
app.command("version")(version.version)

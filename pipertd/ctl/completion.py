"""``pipertctl completion``: what a shell has to know."""

from __future__ import annotations

import os

import click
from click.shell_completion import get_completion_class, shell_complete

from pipertd.ctl.settings import Settings, command

PROGRAM = "pipertctl"
VARIABLE = "_PIPERTCTL_COMPLETE"


@command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), help="Whose completions.")
def completion(_: Settings, shell: str) -> None:
    """Print what completes command lines in a shell.

    In bash: source <(pipertctl completion bash). In fish: pipertctl completion fish | source. In zsh: save it as
    _pipertctl in a folder of fpath.
    """
    from pipertd.ctl.app import app

    kind = get_completion_class(shell)
    assert kind is not None, "click has these three"
    print(kind(app, {}, PROGRAM, VARIABLE).source())


def answer(app: click.Command) -> int:
    """Answer what a shell asks by its variables of the environment."""
    return shell_complete(app, {}, PROGRAM, VARIABLE, os.environ[VARIABLE])

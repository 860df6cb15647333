"""What people type who come from other command lines, and how it is said here."""

from __future__ import annotations

from collections.abc import Sequence

import click

COMMANDS = {
    **dict.fromkeys(("ps", "ls", "list", "get", "show", "describe", "inspect", "list-units"), ("status",)),
    **dict.fromkeys(("stats", "htop"), ("top",)),
    **dict.fromkeys(("log", "tail", "journal"), ("logs",)),
    **dict.fromkeys(("notices", "monitor"), ("watch",)),
    **dict.fromkeys(("up", "run"), ("start", "enable")),
    **dict.fromkeys(("apply", "load", "daemon-reload"), ("enable", "reload")),
    **dict.fromkeys(("down", "rm", "delete", "remove"), ("stop", "disable")),
    **dict.fromkeys(("notify", "send", "emit"), ("event",)),
    **dict.fromkeys(("peek", "dump", "look"), ("tap",)),
    **dict.fromkeys(("unpause", "continue"), ("resume",)),
    **dict.fromkeys(("validate", "lint", "verify"), ("check",)),
    **dict.fromkeys(("init", "create"), ("new",)),
    "events": ("watch", "handlers"),
    "diff": ("reload --plan",),
    "info": ("daemon version",),
    "help": ("-h",),
}
OPTIONS = {
    "--json": ("-o json",),
    "--yaml": ("-o yaml",),
    "-w": ("--watch",),
    "--force": ("--now",),
    **dict.fromkeys(("--tail", "--lines"), ("-n",)),
    **dict.fromkeys(("--host", "-H", "--socket"), ("--address",)),
    **dict.fromkeys(("--cacert", "--certificate"), ("--ca", "--cert")),
}


def meant_by(error: click.UsageError) -> Sequence[str]:
    """What somebody may have meant who wrote what is none here: by that word's meaning elsewhere, or by its letters."""
    if isinstance(error, click.NoSuchOption):
        known = {name for each in _parameters(error.ctx) for name in each.opts}
        found = [each for each in OPTIONS.get(error.option_name, ()) if each.split()[0] in known]
        return found or error.possibilities or ()
    if isinstance(error, click.exceptions.NoSuchCommand):
        at_top = error.ctx is not None and error.ctx.parent is None
        return (COMMANDS.get(error.command_name) if at_top else None) or error.possibilities or ()
    return ()


def _parameters(context: click.Context | None) -> Sequence[click.Parameter]:
    return context.command.params if context else ()

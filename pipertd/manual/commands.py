"""A page out of a command line that click reads: every command, argument and option, in the words of its help."""

from __future__ import annotations

from collections.abc import Iterator

import click

from pipertd.manual import roff


def synopsis(app: click.Group, program: str) -> Iterator[str]:
    """How the program is called."""
    lines = (_usage(program, name, command) for name, command in _commands(app))
    for place, line in enumerate(lines):
        yield from (".br", line) if place else (line,)


def options(app: click.Command) -> Iterator[str]:
    """The options before a command, which may stand behind it too."""
    yield from _options(app)


def commands(app: click.Group, program: str) -> Iterator[str]:
    """Each command with its arguments and options."""
    for name, command in _commands(app):
        yield roff.subheading(f"{program} {name}")
        yield _usage(program, name, command)
        yield ".PP"
        yield from roff.paragraphs((command.help or "").strip())
        for parameter in command.params:
            if isinstance(parameter, click.Argument) and parameter.help:
                tag = parameter.make_metavar(_context(command, name))
                yield from roff.item(f"\\fI{roff.text(tag)}\\fP", parameter.help)
        yield from _options(command)


def variables(app: click.Group) -> Iterator[str]:
    """What of the environment stands in for an option."""
    for parameter in app.params:
        if isinstance(parameter, click.Option) and isinstance(parameter.envvar, str):
            yield from roff.item(roff.bold(parameter.envvar), f"`{parameter.opts[0]}`, where that is not given.")


def _usage(program: str, name: str, command: click.Command) -> str:
    usage = " ".join(command.collect_usage_pieces(_context(command, name)))
    return f"{roff.bold(f'{program} {name}')} {roff.text(usage)}"


def _options(command: click.Command) -> Iterator[str]:
    context = _context(command, command.name or "")
    for parameter in command.params:
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            names, help_text = record
            yield from roff.item(roff.bold(names), help_text.replace("  [", " ["))


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """All commands by their whole names, in the order of their help."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")
        elif command is not None:
            yield f"{before}{name}", command


def _context(command: click.Command, name: str) -> click.Context:
    return click.Context(command, info_name=name, show_default=True)

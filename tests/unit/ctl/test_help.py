"""The lists of commands, as a terminal of 80 columns shows them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from pipertd.ctl.app import app
from pipertd.ctl.lazy import LazyGroup


@pytest.mark.parametrize(
    "arguments", [("pipertd.ctl",), ("pipertd.ctl", "quarantine"), ("pipertd.daemon",)], ids=" ".join
)
def test_every_command_is_said_to_its_end(arguments: tuple[str, ...]) -> None:
    """What a command does is one sentence that fits its line."""
    done = subprocess.run(
        [sys.executable, "-m", *arguments, "-h"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    listed = done.stdout.split("Commands:\n")[1].splitlines()
    assert [line for line in listed if not line.endswith(".") or line.endswith("...")] == []
    assert max(map(len, listed)) <= 80


def test_the_table_of_commands_is_true() -> None:
    """Every command is where the table says, has that name, and its own help begins with that line."""
    listed = list(_entries(app))
    assert len(listed) > len(app.entries), "groups are looked into"
    for name, line, command in listed:
        assert command.name == name
        assert " ".join((command.help or "").split()).startswith(line)


def _entries(group: LazyGroup) -> Iterator[tuple[str, str, click.Command]]:
    for name, entry in group.entries.items():
        command = group.get_command(click.Context(group), name)
        assert command is not None
        yield name, entry.help, command
        if isinstance(command, LazyGroup):
            yield from _entries(command)


def test_a_list_of_commands_loads_none() -> None:
    """Help is quick, and so is every command: of pipertctl's files it imports its own."""
    program = (
        "import sys; from pipertd.ctl.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print(*sorted(name for name in sys.modules if name.startswith(('grpc', 'pipertd.ctl.'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "-h"], capture_output=True, text=True, timeout=120, check=True
    )
    loaded = done.stdout.splitlines()[-1].split()
    assert loaded == [f"pipertd.ctl.{name}" for name in ("__main__", "app", "exits", "lazy", "settings", "silence")]


@pytest.mark.parametrize(
    "arguments", [("-o", "json", "version"), ("version", "-o", "json"), ("-o", "yaml", "version", "-o", "json")]
)
def test_options_may_stand_before_or_behind(arguments: tuple[str, ...]) -> None:
    """What stands behind the command counts first."""
    done = subprocess.run(
        [sys.executable, "-m", "pipertd.ctl", *arguments], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.startswith('{\n  "pipertctl"')


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("pipertd.daemon", "run"), "Missing argument 'FILE'"), (("pipertd.ctl", "start"), "missing argument 'TARGET'")],
)
def test_a_mistake_in_the_command_line_is_one_line(arguments: tuple[str, ...], words: str) -> None:
    """It says what is wrong, and where to read how it is right."""
    done = subprocess.run([sys.executable, "-m", *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert words in done.stderr
    assert "-h` says how it is written" in done.stderr

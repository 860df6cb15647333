"""What is taken for a terminal, and which have colours."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from pipertd.ctl.terminal import Style, is_steered, style_of


@pytest.fixture
def terminal() -> Iterator[TextIO]:
    """A real one, 52 columns wide."""
    other, own = pty.openpty()
    fcntl.ioctl(own, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 52, 0, 0))
    with os.fdopen(own, "w") as stream:
        yield stream
    os.close(other)


@pytest.mark.parametrize(
    ("environment", "colour"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        ({"TERM": "xterm", "FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_of_a_terminal(terminal: TextIO, environment: dict[str, str], colour: bool) -> None:
    """A terminal that is not dumb has them, unless somebody wants none; whoever wants none is asked first."""
    assert style_of(terminal, environment=environment) == Style(52, colour)
    assert style_of(terminal, wide=True, environment=environment) == Style(None, colour)


def test_what_obeys_control_sequences(terminal: TextIO, tmp_path: Path) -> None:
    """A terminal that says what it is, and is not dumb."""
    assert is_steered(terminal, {"TERM": "xterm", "NO_COLOR": "1"})
    for environment in ({"TERM": "dumb"}, {"TERM": ""}, {}, {"TERM": "dumb", "FORCE_COLOR": "1"}):
        assert not is_steered(terminal, environment)
    with (tmp_path / "out").open("w") as stream:
        assert not is_steered(stream, {"TERM": "xterm"})


def test_a_file_is_plain_and_whole(tmp_path: Path) -> None:
    """Where no terminal reads, nothing is cut, and only who asks for them has colours."""
    with (tmp_path / "out").open("w") as stream:
        assert style_of(stream, environment={"TERM": "xterm"}) == Style(None, False)
        assert style_of(stream, environment={"FORCE_COLOR": "1"}) == Style(None, True)
        assert style_of(stream, environment={"FORCE_COLOR": "0"}) == Style(None, False)


def test_a_terminal_that_does_not_know_its_size_has_80_columns(terminal: TextIO) -> None:
    """A serial line, or a pseudo terminal that nobody set up."""
    fcntl.ioctl(terminal.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    assert style_of(terminal, environment={}) == Style(80, False)

"""A real terminal to run a command on, and what is to be seen there."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Callable, Sequence
from typing import Any, Self

from tests.waiting import wait_until

DEADLINE_S = 120.0
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SEQUENCE = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]")
_FRAME = re.compile(r"\x1b\[H(?:(?!\x1b\[H).)*?\x1b\[J", re.DOTALL)


class Terminal:
    """A pseudo terminal whose controlling session is that of one command, for as long as a ``with`` lasts."""

    def __init__(self, command: Sequence[str], columns: int = 80, lines: int = 24, **environment: str) -> None:
        self._far, self._near = pty.openpty()
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self._near)
        self.output = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")()  # a read may end within a character
        self._process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=self._near,
            stdout=self._near,
            stderr=self._near,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "", **environment},
        )

    def resize(self, columns: int, lines: int) -> None:
        """Another size; the kernel tells the command."""
        fcntl.ioctl(self._far, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, keys: bytes) -> None:
        os.write(self._far, keys)

    def wait(self) -> int:
        """How it ends; all of its output is read."""
        wait_until(self._has_ended, DEADLINE_S, "the command's end")
        self._read()
        return self._process.wait()

    def until(self, says: Callable[[list[str]], Any], what: str) -> list[str]:
        """The first screen of which that is true."""
        return wait_until(lambda: screen if says(screen := self.screen()) else [], DEADLINE_S, what)

    def screen(self) -> list[str]:
        """The last whole picture of a command that draws one after another, without colours."""
        self._read()
        frames = _FRAME.findall(self.output)
        return plain(frames[-1]) if frames else []

    @property
    def pid(self) -> int:
        return self._process.pid

    def settings(self) -> list[Any]:
        """How the terminal treats its keys."""
        return termios.tcgetattr(self._near)

    def _has_ended(self) -> bool:
        self._read()  # a command whose output nobody reads does not end
        return self._process.poll() is not None

    def _read(self) -> None:
        while select.select([self._far], [], [], 0)[0]:
            self.output += self._decoder.decode(os.read(self._far, 65536))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._far)
        os.close(self._near)


def plain(output: str) -> list[str]:
    """The lines of an output without what steers the terminal."""
    return _SEQUENCE.sub("", output).replace("\r\n", "\n").splitlines()


def coloured(output: str) -> bool:
    return _COLOUR.search(output) is not None

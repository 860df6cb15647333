"""A shell that commands are typed into, on a terminal of 80 columns and without colours."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Self

_END = "\x1e"  # behind what a command printed; no command prints it
_DEADLINE_S = 120.0
_SHOWN_FOLDER, _SHOWN_PREFIX = "/home/ada/tour", "/opt/pipertd"


class Session:
    """One bash from the first command to the last, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._screen, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
        modes = termios.tcgetattr(terminal)
        modes[1] &= ~termios.OPOST  # lines end as they are written
        termios.tcsetattr(terminal, termios.TCSANOW, modes)
        self._shell = subprocess.Popen(
            ["bash", "--norc", "--noprofile"],
            stdin=subprocess.PIPE,
            stdout=terminal,
            stderr=terminal,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,
        )
        os.close(terminal)

    def run(self, command: str) -> str:
        """What the command prints, with a newline behind each line; paths of this machine are others.

        Raises:
            TimeoutError: it does not end.
        """
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '{_END}%d\\n' $?\n".encode())
        self._shell.stdin.flush()
        return self._shown(self._read(command))

    def until(self, condition: str) -> None:
        """Wait until a command succeeds.

        Raises:
            TimeoutError: it never does.
        """
        end_s = time.monotonic() + _DEADLINE_S
        while self.run(f"( {condition} ) >/dev/null 2>&1; echo $?").strip() != "0":
            if time.monotonic() > end_s:
                raise TimeoutError(f"waited for: {condition}")
            time.sleep(0.05)

    def _read(self, command: str) -> str:
        printed, end_s = b"", time.monotonic() + _DEADLINE_S
        while _END.encode() not in printed or not printed.endswith(b"\n"):
            ready, _, _ = select.select([self._screen], [], [], max(0.0, end_s - time.monotonic()))
            if not ready:
                raise TimeoutError(f"{command} has not ended; it printed:\n{printed.decode(errors='replace')}")
            printed += os.read(self._screen, 65536)
        return printed.decode(errors="replace").partition(_END)[0]

    def _shown(self, text: str) -> str:
        text = text.replace(str(self.folder), _SHOWN_FOLDER).replace(sys.prefix, _SHOWN_PREFIX)
        lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).splitlines()]
        return "".join(f"{line}\n" for line in lines)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the shell, and all that the tour left running."""
        os.killpg(self._shell.pid, signal.SIGKILL)
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait()
        os.close(self._screen)


def _environment(folder: Path) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("PIPERTD_", "PYTEST_"))},
        "PATH": f"{Path(sys.prefix) / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        "TERM": "dumb",
        "NO_COLOR": "1",
        "COLUMNS": "80",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }

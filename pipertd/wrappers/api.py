"""APIWrapper: a pipe served over HTTP.

Source: the name, its arguments and the routes are PipeRT2's.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from pipertd.control.server import ControlServer
from pipertd.embedded.pipe import Pipe
from pipertd.embedded.supervision import Scene
from pipertd.errors import SettingsError
from pipertd.wrappers.control import open_control

_SOCKET = "control.sock"
_BEGINNING_S = 60.0  # of which it needs one, on a machine that is not busy
_LEAVING_S = 15.0  # beyond what the server itself allows for its end


class APIWrapper:
    """Serves the HTTP API of the daemon for one pipe, PipeRT2's routes among it.

    Attributes:
        url: where it listens; empty before ``run``.
    """

    def __init__(self, host: str, port: int, pipe: Pipe, *, control_token: Path | None = None) -> None:
        """``pipe`` is built by the time that it is served; ``port`` 0 is any that is free.

        ``control_token`` is a file with a token a line, without which nobody off this machine is served.
        """
        self.host, self.port, self.pipe, self.control_token = host, port, pipe, control_token
        self.url = ""

    def run(self) -> None:
        """Serve, in a process of its own, until the pipe is over; return when it listens.

        Raises:
            SettingsError: nobody can listen there, which standard error says.
            PipertdError: the pipe is not built.
        """
        supervision = self.pipe.supervised("serve it over HTTP")
        scene = supervision.attend(_open_socket)
        server = _HttpServer(self._arguments(scene.folder / _SOCKET))
        self.url = server.url
        supervision.attend(server.attended)

    def _arguments(self, path: Path) -> list[str]:
        host = f"[{self.host}]" if ":" in self.host else self.host
        tokens = [] if self.control_token is None else ["--control-token", str(self.control_token)]
        return ["--listen", f"{host}:{self.port}", "--address", f"unix://{path}", *tokens]


async def _open_socket(scene: Scene) -> ControlServer:
    return await open_control(scene, scene.folder / _SOCKET)


class _HttpServer:
    """pipertd-http as a child of the script."""

    def __init__(self, arguments: list[str]) -> None:
        command = [sys.executable, "-P", "-m", "pipertd.wrappers.http_child", str(os.getpid()), *arguments]
        # In a group of its own: Ctrl-C is for the script, which ends it.
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, process_group=0
        )
        line = self._first_line()
        self.url = line.rpartition(" ")[2]  # "pipertd-http listens on URL"
        if not self.url:
            self._end()
            raise SettingsError(
                f"cannot serve HTTP: pipertd-http ended with exit code {self._process.returncode}; standard error says "
                "why, and what is --control-token there is control_token=Path(…) here"
            )
        print(line, file=sys.stderr, flush=True)  # beside what it says of each change

    def _first_line(self) -> str:
        """What it says when it listens; nothing where it ends before.

        Raises:
            SettingsError: it does neither, as one that is stopped.
        """
        output = self._process.stdout
        assert output is not None
        if not select.select([output], [], [], _BEGINNING_S)[0]:
            self._process.kill()
            self._end()
            raise SettingsError(f"cannot serve HTTP: pipertd-http did not listen within {_BEGINNING_S:g} s")
        return output.readline().strip()

    async def attended(self, _scene: Scene) -> _HttpServer:
        """Be stopped with all the others."""
        return self

    async def stop(self) -> None:
        """Answer what was asked, and end, though somebody has stopped it."""
        self._process.terminate()
        self._process.send_signal(signal.SIGCONT)
        await asyncio.to_thread(self._end)

    def _end(self) -> None:
        try:
            self._process.wait(_LEAVING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

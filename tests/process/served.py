"""A daemon process, seen from outside: its files, its notices, its command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from pipertd.client import Client, ClientError, NotFound
from pipertd.ctl.documents.status import status_document
from tests.waiting import wait_until

DEADLINE_S = 120.0


class Daemon:
    """`pipertd serve` on folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.definitions = folder / "definitions"
        self.runtime = folder / "run"
        self.state = folder / "state"
        self.settings = folder / "pipertd.toml"  # used where there is one
        self.definitions.mkdir()
        self.process: subprocess.Popen[bytes] | None = None

    def start(
        self,
        *,
        program: Sequence[str] = ("-m", "pipertd.daemon"),
        cwd: Path | None = None,
        fds: Collection[int] = (),
        **environment: str,
    ) -> subprocess.Popen[bytes]:
        command = [
            *(sys.executable, *program, "serve"),
            *("--definitions", str(self.definitions)),
            *("--runtime-dir", str(self.runtime)),
            *("--state-dir", str(self.state)),
            *(("--config", str(self.settings)) if self.settings.exists() else ()),
        ]
        with (self.folder / "stderr").open("ab") as errors:
            self.process = subprocess.Popen(
                command, stderr=errors, cwd=cwd, env={**os.environ, **environment}, pass_fds=fds
            )
        return self.process

    def notices(self, kind: str, flow: str = "") -> list[dict[str, Any]]:
        try:
            lines = (self.state / "notices.jsonl").read_bytes().split(b"\n")[1:-1]  # the last may be half written
        except FileNotFoundError:
            return []
        found = [json.loads(line) for line in lines]
        return [notice for notice in found if notice["kind"] == kind and notice["flow"] == flow]

    def wait_for(self, kind: str, flow: str = "", count: int = 1) -> dict[str, Any]:
        found = wait_until(lambda: self.notices(kind, flow)[count - 1 : count], DEADLINE_S, f"{kind} {flow} {count}")
        return found[0]

    def wait_loaded(self) -> None:
        """Return when every definition is loaded: a name that is unknown then stays so."""
        with Client(self.address) as client:
            wait_until(lambda: _is_unknown(client, "none-such"), DEADLINE_S, "the definitions to be loaded")

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(DEADLINE_S)

    def end(self) -> None:
        """Have it gone, whatever became of it."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def kill(self) -> None:
        """SIGKILL to the daemon alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @contextmanager
    def held(self) -> Iterator[None]:
        """It sees nothing of the block but its end: what takes several steps is one to it."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def ctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pipertctl against it."""
        return subprocess.run(
            self.ctl_command(*arguments), capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )

    def ctl_command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "pipertd.ctl", "--address", self.address, *arguments]

    @property
    def address(self) -> str:
        """Of its control socket."""
        return f"unix://{self.runtime / 'control.sock'}"

    def status(self, pipeline: str) -> dict[str, Any]:
        """What `pipertctl status -o json` says of one pipeline; empty as long as it says nothing.

        Asked without it: to begin, a command takes half a second of a processor, and tests ask again and again.
        """
        with Client(self.address) as client:
            try:
                found = client.status.get(pipeline)
            except ClientError:
                return {}
        document: dict[str, Any] = msgspec.to_builtins(status_document(found))["pipelines"][0]
        return document


def _is_unknown(client: Client, pipeline: str) -> bool:
    try:
        client.pipelines.get(pipeline)
    except NotFound:
        return True
    except ClientError:
        pass
    return False

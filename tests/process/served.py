"""A daemon process, seen from outside: its files, its notices, its command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.waiting import wait_until

DEADLINE_S = 120.0


class Daemon:
    """`pipertd serve` on folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.definitions = folder / "definitions"
        self.runtime = folder / "run"
        self.state = folder / "state"
        self.definitions.mkdir()
        self.process: subprocess.Popen[bytes] | None = None

    def start(
        self, *, program: Sequence[str] = ("-m", "pipertd.daemon"), **environment: str
    ) -> subprocess.Popen[bytes]:
        command = [
            *(sys.executable, *program, "serve"),
            *("--definitions", str(self.definitions)),
            *("--runtime-dir", str(self.runtime)),
            *("--state-dir", str(self.state)),
        ]
        with (self.folder / "stderr").open("ab") as errors:
            self.process = subprocess.Popen(command, stderr=errors, env={**os.environ, **environment})
        return self.process

    def notices(self, kind: str, flow: str = "") -> list[dict[str, Any]]:
        try:
            lines = (self.state / "notices.jsonl").read_text().splitlines()[1:]
        except FileNotFoundError:
            return []
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return [notice for notice in found if notice["kind"] == kind and notice["flow"] == flow]

    def wait_for(self, kind: str, flow: str = "", count: int = 1) -> dict[str, Any]:
        found = wait_until(lambda: self.notices(kind, flow)[count - 1 : count], DEADLINE_S, f"{kind} {flow} {count}")
        return found[0]

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(DEADLINE_S)

    def kill(self) -> None:
        """SIGKILL to the daemon alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def ctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pipertctl against it."""
        return subprocess.run(
            self.ctl_command(*arguments), capture_output=True, text=True, timeout=DEADLINE_S, check=False
        )

    def ctl_command(self, *arguments: str) -> list[str]:
        address = f"unix://{self.runtime / 'control.sock'}"
        return [sys.executable, "-m", "pipertd.ctl", "--address", address, *arguments]

    def status(self, pipeline: str) -> dict[str, Any]:
        """What `pipertctl status -o json` says of one pipeline; empty as long as it says nothing."""
        done = self.ctl("-o", "json", "status", pipeline)
        found: dict[str, Any] = json.loads(done.stdout)["pipelines"][0] if done.returncode == 0 else {}
        return found
